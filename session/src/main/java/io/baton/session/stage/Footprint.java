package io.baton.session.stage;

import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.RelayId;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * What a session makes its stage keep, in bytes: payloads, the outputs that are still to be
 * computed, and for every step and every relay that it names what that takes about.
 *
 * <p>Only what clients and peers say makes a session larger, and never by more than {@link #most}:
 * whatever is computed replaces what was set aside for it. Room that is taken before an input is
 * handled therefore is enough, and a bound on it holds.
 */
public final class Footprint {

  /** Of a step, beside its payload and the route after it. */
  private static final long ENTRY_BYTES = 256;

  /** Of a relay that is named, beside its texts. */
  private static final long PEER_BYTES = 96;

  private Footprint() {}

  /** Of the session as it is. */
  public static long of(StageState state) {
    StageConfig config = state.config();
    long bytes = sources(state.pushSources());
    for (StageInput.PeerPush push : state.parked()) {
      bytes += most(config, push);
    }
    for (List<Entry> entries : List.of(state.recorded(), state.open())) {
      for (Entry entry : entries) {
        bytes += ENTRY_BYTES + peers(entry.nextPeers());
        bytes +=
            switch (entry.progress()) {
              case Progress.Ready(Payload input) -> withOutput(config, input);
              case Progress.Done(Payload output, long _, long _) -> output.bytes();
              // What is computed is counted once, also if nobody wants it any more.
              case Progress.Awaiting _, Progress.Computing _ -> 0;
            };
      }
    }
    return bytes + computing(state);
  }

  /** The part of it that the executor works on, which is kept until it is done. */
  public static long computing(StageState state) {
    return state.running().map(StageState.Running::bytes).orElse(0L);
  }

  /** What that may add to a session, at most. */
  public static long most(StageConfig config, StageInput input) {
    return switch (input) {
      case StageInput.Announce announce -> sources(announce.pushSources());
      case StageInput.ClientStep step ->
          ENTRY_BYTES
              + peers(step.nextPeers())
              + step.payload().map(payload -> withOutput(config, payload)).orElse(0L);
      case StageInput.PeerPush(RelayId _, var push) ->
          ENTRY_BYTES + peers(push.nextPeers()) + withOutput(config, push.payload());
      case StageInput.Computed _,
          StageInput.ComputeFailed _,
          StageInput.Working _,
          StageInput.Tick _,
          StageInput.NoRoom _ ->
          0;
    };
  }

  /** An input, and the output that comes of it, with which the side inputs travel on. */
  static long withOutput(StageConfig config, Payload input) {
    long sides = input.bytes() - input.activations().spec().bytes();
    return input.bytes() + config.stage().outputRow().withRows(input.tokens()).bytes() + sides;
  }

  private static long sources(Set<RelayId> relays) {
    return relays.stream().mapToLong(relay -> PEER_BYTES + relay.name().length()).sum();
  }

  private static long peers(Collection<Peer> peers) {
    return peers.stream().mapToLong(Footprint::peer).sum();
  }

  private static long peer(Peer peer) {
    return PEER_BYTES
        + peer.relay().name().length()
        + peer.address().length()
        + peer.ticket().bytes()
        + peer.standby().map(Footprint::peer).orElse(0L);
  }
}
