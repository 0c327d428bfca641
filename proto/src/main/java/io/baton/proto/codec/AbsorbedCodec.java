package io.baton.proto.codec;

import io.baton.proto.v1.Absorbed;
import io.baton.session.stage.StageEffect;

/** What a stage that stands by says of a step. */
public final class AbsorbedCodec {

  private AbsorbedCodec() {}

  public static Absorbed toWire(StageEffect.Absorbed absorbed) {
    return Absorbed.newBuilder()
        .setEpoch(absorbed.step().id().epoch())
        .setStep(absorbed.step().id().number())
        .setPosition(absorbed.step().position())
        .setCount(absorbed.step().count())
        .setSource(SourceCodec.toWire(absorbed.source()))
        .setInputDigest(DigestCodec.toWire(absorbed.inputDigest()))
        .setCurrentLength(absorbed.currentLength())
        .build();
  }

  public static StageEffect.Absorbed fromWire(Absorbed wire) throws MalformedFrameException {
    return new StageEffect.Absorbed(
        StepCodec.fromWire(wire.getEpoch(), wire.getStep(), wire.getPosition(), wire.getCount()),
        SourceCodec.fromWire(wire.getSourceValue(), "source"),
        Fields.nested(
            "input_digest", wire.hasInputDigest(), wire.getInputDigest(), DigestCodec::fromWire),
        Fields.unsigned("current_length", wire.getCurrentLength()));
  }
}
