package io.baton.simulations.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Member;
import io.baton.session.model.RelayId;
import io.baton.simulations.foreign.Foreigner;
import io.baton.transport.LaneKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A relay that is none of ours says what it was not asked, and what others would have to say. */
@Timeout(120)
class ForeignRelayTest {

  private static final int CHUNKS = 60;
  private static final int BYTES = 100_000;

  /** To a reader who is slow to take what it is sent, while the liar answers for it. */
  @Test
  void answers_forTransfersOfOthers_changeNothing() throws Exception {
    try (Hosts hosts = Hosts.start(2, LaneKind.GRPC, 4 << 20);
        Foreigner liar = Foreigner.start("answer")) {
      String address = "127.0.0.1:" + liar.line();
      SidecarSender sender = hosts.sender(0);
      Destination liars = new Destination("liars", List.of(new Member(0, Optional.of(address))));
      CompletableFuture<?> toTheLiar =
          sender.sendObject(
              new ChunkAddress("bait", ChunkPosition.ONLY, List.of(liars), List.of()),
              "bait",
              Duration.ofSeconds(15));
      List<CompletableFuture<?>> sent = sendAll(hosts, sender);
      readAll(hosts.reader(1, "readers"));
      for (CompletableFuture<?> one : sent) {
        one.get(20, TimeUnit.SECONDS);
      }
      var _ = toTheLiar.handle((_, _) -> true).get(20, TimeUnit.SECONDS);
      assertThat(liar.result().path("called").asBoolean()).isTrue();
    }
  }

  @Test
  void hello_withAnothersIdentity_takesNothingInItsName() throws Exception {
    try (Hosts hosts = Hosts.start(2, LaneKind.GRPC, 16 << 20)) {
      SidecarReader reader = hosts.reader(1, "readers");
      RelayId sender = hosts.relay(0).id();
      try (Foreigner impostor =
          Foreigner.start(
              "impersonate",
              hosts.relay(1).endpoint(),
              sender.name(),
              Long.toUnsignedString(sender.incarnation()),
              "readers")) {
        JsonNode got = impostor.result();
        // In no name but its own.
        assertThat(got.path("taken").asInt()).isPositive();
      }
      SidecarSender honest = hosts.sender(0);
      List<CompletableFuture<?>> sent = sendAll(hosts, honest);
      readAll(reader);
      for (CompletableFuture<?> one : sent) {
        one.get(20, TimeUnit.SECONDS);
      }
      for (int transfer = 1; transfer < 300; transfer++) {
        reader.markDone("forged-" + transfer, 0);
      }
    }
  }

  private static List<CompletableFuture<?>> sendAll(Hosts hosts, SidecarSender sender) {
    List<CompletableFuture<?>> sent = new ArrayList<>();
    for (int i = 0; i < CHUNKS; i++) {
      ChunkAddress address =
          new ChunkAddress(
              "datum-" + i, ChunkPosition.ONLY, List.of(hosts.group("readers", 1)), List.of());
      sent.add(sender.sendObject(address, Hosts.bytes(BYTES, i), Hosts.PATIENCE));
    }
    return sent;
  }

  private static void readAll(SidecarReader reader) throws Exception {
    for (int i = 0; i < CHUNKS; i++) {
      try (ReceivedChunk chunk = (ReceivedChunk) reader.receive("datum-" + i, 0)) {
        assertThat((byte[]) chunk.value()).isEqualTo(Hosts.bytes(BYTES, i));
      }
    }
  }
}
