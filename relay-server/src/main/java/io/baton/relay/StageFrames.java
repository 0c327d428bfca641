package io.baton.relay;

import io.baton.proto.codec.AbsorbedCodec;
import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.SourceCodec;
import io.baton.proto.v1.Draining;
import io.baton.proto.v1.Mismatch;
import io.baton.proto.v1.NeedPayload;
import io.baton.proto.v1.Opened;
import io.baton.proto.v1.Output;
import io.baton.proto.v1.RefusalReason;
import io.baton.proto.v1.Refused;
import io.baton.proto.v1.StageFrame;
import io.baton.proto.v1.Working;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import io.baton.session.stage.StageEffect;
import io.baton.transport.payload.PayloadFrames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a stage says to its client, as frames. */
final class StageFrames {

  private StageFrames() {}

  static StageFrame opened(
      StageEffect.Opened effect, int version, RelayId self, Ticket ticket, Duration lease) {
    return StageFrame.newBuilder()
        .setOpened(
            Opened.newBuilder()
                .setVersion(version)
                .setIdentity(IdCodec.toWire(self))
                .setEpoch(effect.epoch())
                .setCurrentLength(effect.currentLength())
                .setPushTicket(IdCodec.toWire(ticket))
                .setLeaseMillis(lease.toMillis()))
        .build();
  }

  /**
   * @param payload the output, on its way to this client
   */
  static List<StageFrame> output(StageEffect.Respond effect, PayloadFrames payload) {
    List<StageFrame> frames = new ArrayList<>(1 + payload.chunks().size());
    frames.add(
        StageFrame.newBuilder()
            .setOutput(
                Output.newBuilder()
                    .setEpoch(effect.step().id().epoch())
                    .setStep(effect.step().id().number())
                    .setPosition(effect.step().position())
                    .setCount(effect.step().count())
                    .setSource(SourceCodec.toWire(effect.source()))
                    .setInputDigest(DigestCodec.toWire(effect.inputDigest()))
                    .setPayload(payload.header())
                    .setCurrentLength(effect.currentLength())
                    .setStageNanos(effect.stageNanos())
                    .setComputeNanos(effect.computeNanos()))
            .build());
    payload.chunks().forEach(chunk -> frames.add(StageFrame.newBuilder().setChunk(chunk).build()));
    return frames;
  }

  static StageFrame absorbed(StageEffect.Absorbed effect) {
    return StageFrame.newBuilder().setAbsorbed(AbsorbedCodec.toWire(effect)).build();
  }

  static StageFrame working(StepId step, long workLeft) {
    return StageFrame.newBuilder()
        .setWorking(
            Working.newBuilder()
                .setEpoch(step.epoch())
                .setStep(step.number())
                .setWorkLeft(workLeft))
        .build();
  }

  static StageFrame askPayload(StepId step) {
    return StageFrame.newBuilder()
        .setNeedPayload(NeedPayload.newBuilder().setEpoch(step.epoch()).setStep(step.number()))
        .build();
  }

  static StageFrame mismatch(StageEffect.ReportMismatch effect) {
    return StageFrame.newBuilder()
        .setMismatch(
            Mismatch.newBuilder()
                .setEpoch(effect.step().epoch())
                .setStep(effect.step().number())
                .setClientDigest(DigestCodec.toWire(effect.client()))
                .setPeerDigest(DigestCodec.toWire(effect.peer()))
                .setPeer(IdCodec.toWire(effect.from()))
                .setCurrentLength(effect.currentLength())
                .setRolledBack(effect.rolledBack()))
        .build();
  }

  static StageFrame refused(StepId step, Refusal reason, String message, int currentLength) {
    return StageFrame.newBuilder()
        .setRefused(
            Refused.newBuilder()
                .setEpoch(step.epoch())
                .setStep(step.number())
                .setReason(RefusalReason.valueOf("REFUSAL_REASON_" + reason.name()))
                .setMessage(message)
                .setCurrentLength(currentLength))
        .build();
  }

  static StageFrame draining(Duration remaining) {
    return StageFrame.newBuilder()
        .setDraining(Draining.newBuilder().setRemainingMillis(remaining.toMillis()))
        .build();
  }
}
