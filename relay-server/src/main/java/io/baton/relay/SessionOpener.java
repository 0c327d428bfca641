package io.baton.relay;

import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.RoleCodec;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.DigestAlgorithm;
import io.baton.proto.v1.Open;
import io.baton.session.model.Digest;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.Proof;
import io.baton.session.model.Refusal;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import io.baton.session.stage.StageConfig;
import io.baton.session.stage.StageInput;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.grpc.Caller;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/** Decides whether a client gets the session that it asks for. */
final class SessionOpener {

  private static final int TICKET_BYTES = 16;

  private final RelayContext relay;
  private final ExecutorSlot slot;
  private final SecureRandom random = new SecureRandom();

  SessionOpener(RelayContext relay, ExecutorSlot slot) {
    this.relay = relay;
    this.slot = slot;
  }

  /** What the client asks for, checked for form. */
  private record Wish(
      Caller caller,
      SessionId session,
      Proof proof,
      String modelId,
      LayerSpan span,
      int maxLength,
      Duration lease,
      Digest.Algorithm algorithm,
      StageInput.Announce announce) {}

  /**
   * Opens a session, or announces a new epoch of one that is open, and answers through the sink.
   *
   * @param caller whose session it is, for the limits of each client
   * @return the session; empty if it was refused
   */
  Optional<RelaySession> open(Open open, Caller caller, ClientSink sink)
      throws MalformedFrameException {
    long epoch = StepCodec.countFromWire(open.getEpoch(), "epoch");
    if (Versions.negotiate(open.getVersions()).isEmpty()) {
      return refuse(sink, epoch, Refusal.VERSION, Versions.refusal(open.getVersions()));
    }
    Wish wish = read(open, caller, epoch);
    Optional<ExecutorLink> executor = slot.executor();
    if (executor.isEmpty()) {
      return refuse(sink, epoch, Refusal.STAGE_NOT_SERVED, slot.absence());
    }
    StageInfo stage = executor.get().info();
    if (!stage.modelId().equals(wish.modelId()) || !stage.span().equals(wish.span())) {
      return refuse(
          sink,
          epoch,
          Refusal.STAGE_NOT_SERVED,
          "this relay serves %s of %s, not %s of %s"
              .formatted(stage.span(), stage.modelId(), wish.span(), wish.modelId()));
    }
    if (wish.maxLength() > stage.maxLength()) {
      return refuse(
          sink,
          epoch,
          Refusal.TOO_LONG,
          "the stage holds at most %d tokens a session, not %d"
              .formatted(stage.maxLength(), wish.maxLength()));
    }
    return admit(wish, executor.get(), sink);
  }

  private Wish read(Open open, Caller caller, long epoch) throws MalformedFrameException {
    if (!open.hasSession()) {
      throw new MalformedFrameException("session", "missing");
    }
    if (!open.hasSpan()) {
      throw new MalformedFrameException("span", "missing");
    }
    int maxLength = StepCodec.lengthFromWire(open.getMaxLength(), "max_length");
    if (maxLength == 0) {
      throw new MalformedFrameException("max_length", "0; a session holds at least one token");
    }
    return new Wish(
        caller,
        IdCodec.fromWire(open.getSession()),
        IdCodec.proofFromWire(open.getProof(), "proof"),
        StageCodec.modelIdFromWire(open.getModelId(), open.getModelIdBytes()),
        StageCodec.fromWire(open.getSpan()),
        maxLength,
        lease(StepCodec.countFromWire(open.getLeaseMillis(), "lease_millis")),
        open.getDigestAlgorithm() == DigestAlgorithm.DIGEST_ALGORITHM_UNSPECIFIED
            ? Digest.Algorithm.SHA256
            : DigestCodec.fromWire(open.getDigestAlgorithmValue(), "digest_algorithm"),
        new StageInput.Announce(
            epoch,
            StepCodec.lengthFromWire(open.getLength(), "length"),
            new HashSet<>(IdCodec.relaysFromWire(open.getPushSourcesList(), "push_sources")),
            RoleCodec.fromWire(open.getRoleValue(), "role")));
  }

  private Duration lease(long askedMillis) {
    Duration longest = relay.limits().lease();
    return askedMillis == 0 || askedMillis > longest.toMillis()
        ? longest
        : Duration.ofMillis(askedMillis);
  }

  private Optional<RelaySession> admit(Wish wish, ExecutorLink executor, ClientSink sink) {
    StageConfig config =
        new StageConfig(
            executor.info(), wish.maxLength(), wish.algorithm(), relay.limits().stage());
    SessionTable.Admission admission =
        relay
            .sessions()
            .admit(
                wish.session(),
                wish.proof(),
                wish.caller(),
                () ->
                    new RelaySession(
                        new RelaySession.Owner(
                            wish.session(), wish.caller(), wish.proof().seal(), newTicket()),
                        config,
                        wish.lease(),
                        executor,
                        relay));
    long epoch = wish.announce().epoch();
    switch (admission) {
      case SessionTable.Admission.Admitted(RelaySession session) -> {
        session.start();
        session.announce(sink, wish.announce());
        return Optional.of(session);
      }
      case SessionTable.Admission.Known(RelaySession session) -> {
        if (!session.config().equals(config)) {
          return refuse(
              sink,
              epoch,
              Refusal.CONFLICT,
              "the session is open with another maximum length, stage or digest algorithm");
        }
        session.announce(sink, wish.announce());
        return Optional.of(session);
      }
      case SessionTable.Admission.Refused(Refusal reason, String message) -> {
        return refuse(sink, epoch, reason, message);
      }
    }
  }

  private Ticket newTicket() {
    byte[] bytes = new byte[TICKET_BYTES];
    random.nextBytes(bytes);
    return new Ticket(bytes);
  }

  private static Optional<RelaySession> refuse(
      ClientSink sink, long epoch, Refusal reason, String message) {
    sink.send(List.of(StageFrames.refused(new StepId(epoch, 0), reason, message, 0)));
    return Optional.empty();
  }
}
