package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.OutgoingTensor;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Member;
import io.baton.session.model.DType;
import io.baton.session.model.TensorSpec;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.pinned.PoolUsage;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Against real relays, whose pools are in use. */
@ExtendWith(Leftovers.class)
class StatusCommandTest {

  private static final Duration DEADLINE = Duration.ofMinutes(2);
  private static final TensorSpec MEBIBYTE = TensorSpec.of(DType.F32, 1, 1 << 18);

  @TempDir private Path directory;
  private final List<Relay> started = new ArrayList<>();

  private Relay relay(String name) throws IOException {
    return relay(name, 0);
  }

  private Relay relay(String name, int port) throws IOException {
    Relay relay =
        Relay.start(
            RelayConfig.of(name, Endpoint.tcp("127.0.0.1", port))
                .withProcessSocket(socket(name))
                .withDataPlane(
                    RelayConfig.DataPlane.DEFAULT
                        .withPoolBytes(16 << 20)
                        .withLanes(List.of(LaneKind.GRPC))));
    started.add(relay);
    return relay;
  }

  /** Those that a test has not closed itself. */
  @AfterEach
  void closeRelays() {
    started.forEach(Relay::close);
  }

  private Endpoint.Unix socket(String name) {
    return new Endpoint.Unix(directory.resolve(name));
  }

  private static String address(Relay relay) {
    return relay.endpoint().toString();
  }

  private static JsonNode json(Relay relay) {
    return Baton.run("status", address(relay), "--json").assertStatus(ExitCode.OK).json();
  }

  private static String text(Relay relay) {
    Baton run = Baton.run("status", address(relay)).assertStatus(ExitCode.OK);
    assertThat(run.err()).isEmpty();
    return run.out();
  }

  /** The rest of the line that begins so. */
  private static String line(String text, String beginning) {
    return text.lines()
        .filter(line -> line.startsWith(beginning))
        .findFirst()
        .orElseThrow(() -> new AssertionError(text))
        .substring(beginning.length())
        .strip();
  }

  private static void assertEmpty(Relay relay) {
    await()
        .atMost(DEADLINE)
        .untilAsserted(
            () ->
                assertThat(relay.pool().usage().byUse())
                    .allSatisfy(
                        (use, amount) ->
                            assertThat(use == PoolUse.HISTORY ? PoolUsage.Amount.NONE : amount)
                                .as(use.toString())
                                .isEqualTo(PoolUsage.Amount.NONE)));
  }

  @Test
  void status_ofAnIdleRelay_isShort() throws IOException {
    try (Relay relay = relay("idle")) {
      String text = text(relay);

      assertThat(text).startsWith(relay.id() + " at " + address(relay) + ", up ");
      assertThat(line(text, "stage ")).isEqualTo("none: no stage executor is attached");
      assertThat(line(text, "sessions ")).startsWith("0 of 256");
      assertThat(line(text, "lanes ")).isEqualTo("grpc, the best first");
      assertThat(line(text, "ucx ")).isEqualTo("none: it is not among the relay's lanes");
      assertThat(text).doesNotContain("held for").doesNotContain("links to").doesNotContain("!");
    }
  }

  @Test
  void status_whileChunksMove_tellsWhoHoldsWhatAndWhereItGoes() throws Exception {
    Relay there = relay("there");
    try (Relay here = relay("here")) {
      try (SidecarClient client =
              SidecarClient.connect(socket("here").path(), SidecarOptions.of("test"));
          SidecarSender sender = client.sender(SenderConfig.alone("encoder"));
          SidecarReader reader = client.reader(ReceiverConfig.alone("decoders"))) {
        Destination decoders = Destination.here("decoders");
        OutgoingTensor tensor =
            sender.allocate(MEBIBYTE, List.of(decoders)).get(10, TimeUnit.SECONDS);

        JsonNode filling = json(here);
        assertThat(filling.at("/pool/by_use/filling/bytes").asLong()).isEqualTo(1 << 20);
        assertThat(filling.at("/pool/by_holder/0/name").asText()).isEqualTo("decoders");
        assertThat(filling.at("/pool/by_holder/0/amount/slots").asLong()).isEqualTo(1);
        assertThat(filling.at("/pool/free").asLong())
            .isEqualTo(
                filling.at("/pool/capacity").asLong()
                    - filling.at("/pool/by_holder/0/amount/reserved").asLong());
        assertThat(filling.at("/exchange/processes").asInt()).isEqualTo(1);
        assertThat(filling.at("/exchange/senders").asInt()).isEqualTo(1);
        assertThat(filling.at("/exchange/readers").asInt()).isEqualTo(1);

        tensor.send("d-1", ChunkPosition.ONLY).get(10, TimeUnit.SECONDS);
        assertThat(line(text(here), "unclaimed ")).startsWith("1 ").contains("1 MiB");
        assertThat(line(text(here), "decoders ")).startsWith("1 ").contains("1 MiB");

        if (!(reader.receive("d-1", 0, DEADLINE) instanceof ReceivedChunk chunk)) {
          throw new AssertionError("the stream has ended");
        }
        try (chunk) {
          assertThat(json(here).at("/pool/by_use/in_use/slots").asLong()).isEqualTo(1);
        }

        Destination vocoders = new Destination("vocoders", List.of(Member.at(0, address(there))));
        try (OutgoingTensor other =
            sender.allocate(MEBIBYTE, List.of(vocoders)).get(10, TimeUnit.SECONDS)) {
          other.send("d-2", ChunkPosition.ONLY).get(10, TimeUnit.SECONDS);
        }
        JsonNode link = json(here).at("/links/0");
        assertThat(link.get("address").asText()).isEqualTo(address(there));
        assertThat(link.get("kind").asText()).isEqualTo("grpc");
        assertThat(link.get("state").asText()).isEqualTo("ready");
        assertThat(link.get("remote").asText()).isEqualTo(there.id().toString());
        assertThat(link.at("/chunks/offered").asLong()).isEqualTo(1);
        assertThat(link.at("/chunks/taken").asLong()).isEqualTo(1);
        assertThat(link.at("/chunks/bytes").asLong()).isEqualTo(1 << 20);
        JsonNode receiving = json(there);
        assertThat(receiving.at("/inbound/links/grpc").asInt()).isEqualTo(1);
        assertThat(receiving.at("/pool/by_use/unclaimed/slots").asLong()).isEqualTo(1);
        assertThat(receiving.at("/exchange/data").asInt()).isEqualTo(1);

        there.close();
        await()
            .atMost(DEADLINE)
            .untilAsserted(
                () ->
                    assertThat(text(here))
                        .contains("! its link to " + address(there) + " is down: ")
                        .contains("DOWN"));
      }
      assertEmpty(here);
    }
  }

  @Test
  void status_whileAChunkWaitsForRoom_saysSo() throws Exception {
    try (Relay relay = relay("full");
        SidecarClient client =
            SidecarClient.connect(socket("full").path(), SidecarOptions.of("test"));
        SidecarSender sender = client.sender(SenderConfig.alone("encoder"))) {
      Slot most = relay.pool().allocate(15 << 20, PoolUse.COMMAND, "executor").orElseThrow();
      var waiting =
          sender.allocate(TensorSpec.of(DType.F32, 2, 1 << 18), List.of(Destination.here("d")));

      await()
          .atMost(DEADLINE)
          .untilAsserted(
              () ->
                  assertThat(text(relay))
                      .contains("! 1 chunk waits for room in its pool")
                      .contains("0 being sent, 1 waiting for room"));

      most.release();
      waiting.get(10, TimeUnit.SECONDS).close();
      assertEmpty(relay);
      assertThat(text(relay)).doesNotContain("!");
    }
  }

  @Test
  void status_ofSmallObjects_countsWhatIsNotInThePool() throws Exception {
    try (Relay relay = relay("small");
        SidecarClient client =
            SidecarClient.connect(socket("small").path(), SidecarOptions.of("test"));
        SidecarSender sender = client.sender(SenderConfig.alone("encoder"))) {
      sender
          .sendObject(
              ChunkAddress.of("o", ChunkPosition.ONLY, Destination.here("d")), "x".repeat(1000))
          .get(10, TimeUnit.SECONDS);

      // The object, and what is remembered of it and of its sender.
      long heapBytes = json(relay).at("/exchange/heap_bytes").asLong();
      assertThat(heapBytes).isBetween(1000L, 4000L);
      assertThat(line(text(relay), "chunks"))
          .endsWith("%.1f KiB outside of the pool".formatted(heapBytes / 1024.0));
      assertThat(json(relay).at("/pool/total/slots").asLong()).isZero();
    }
  }

  @Test
  void status_ofManyHolders_namesThoseWhoHoldMostAndSumsUpTheOthers() throws IOException {
    try (Relay relay = relay("crowded")) {
      List<Slot> slots = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        slots.add(
            relay
                .pool()
                .allocate(1024L * (i + 1), PoolUse.COMMAND, "holder-%02d".formatted(i))
                .orElseThrow());
      }

      JsonNode pool = json(relay).get("pool");
      assertThat(pool.get("by_holder")).hasSize(32);
      assertThat(pool.at("/by_holder/0/name").asText()).isEqualTo("holder-39");
      assertThat(pool.get("other_holders").asInt()).isEqualTo(8);
      assertThat(pool.at("/others/bytes").asLong()).isEqualTo(1024L * (8 * 9 / 2));
      assertThat(pool.at("/total/slots").asLong()).isEqualTo(40);
      assertThat(line(text(relay), "8 others ")).contains("36 KiB");

      slots.forEach(Slot::release);
      assertEmpty(relay);
    }
  }

  @Test
  void status_ofNamesThatSteerTerminals_showsThemHarmless() throws IOException {
    try (Relay relay = relay("named")) {
      Slot slot = relay.pool().allocate(64, PoolUse.COMMAND, "evil\u001b[2J\n\u202e").orElseThrow();

      assertThat(text(relay)).contains("evil?[2J??").doesNotContain("\u001b");

      slot.release();
    }
  }

  @Test
  void status_whileDraining_saysSo() throws Exception {
    try (Relay relay = relay("leaving")) {
      assertThat(relay.drain(Duration.ZERO)).isTrue();

      assertThat(text(relay)).contains("! it is about to stop and takes no new session");
      assertThat(json(relay).get("draining").asBoolean()).isTrue();
    }
  }

  @Test
  void status_ofServedStages_namesThemAndTheLanesBetweenThem() {
    String model = Baton.model().toString();
    try (Running second =
            new Running("serve", "--model", model, "--stage=2/2", "--listen=127.0.0.1:0")
                .awaitOutput(" serves stage 2/2");
        Running first =
            new Running(
                    "serve",
                    "--model",
                    model,
                    "--stage=1/2",
                    "--listen=127.0.0.1:0",
                    "--pool-size=8MiB",
                    "--lanes=ucx,local",
                    "--push-share=25%")
                .awaitOutput(" serves stage 1/2")) {
      String peers = first.address() + "," + second.address();
      Baton.run("generate", "--model", model, "--peers", peers, "--max-tokens=8", "Relay: Bo.\n")
          .assertStatus(ExitCode.OK);

      JsonNode json =
          Baton.run("status", first.address(), "--json").assertStatus(ExitCode.OK).json();
      assertThat(json.at("/stages/0/span/end").asInt()).isEqualTo(4);
      assertThat(json.at("/sessions/steps").asLong()).isPositive();
      assertThat(json.at("/pushes/sent").asLong()).isPositive();
      assertThat(json.at("/links/0/address").asText()).isEqualTo(second.address());
      assertThat(json.at("/links/0/state").asText()).isEqualTo("ready");
      assertThat(json.at("/links/0/pushes/bytes").asLong()).isPositive();
      assertThat(json.at("/pool/bytes").asLong()).isEqualTo(8 << 20);
      assertThat(json.at("/pool/push_share").asDouble()).isEqualTo(0.25);
      assertThat(json.get("lane_order").toString()).isEqualTo("[\"ucx\",\"local\",\"grpc\"]");
      String text = Baton.run("status", second.address()).assertStatus(ExitCode.OK).out();
      assertThat(line(text, "stage ")).startsWith("layers 4-7 of llama-");
      assertThat(line(text, "peers ")).isEqualTo("1 send here by local");
    }
  }

  @Test
  void status_whereNoRelayIs_saysWhy() throws IOException {
    Baton.run("status", "127.0.0.1:1")
        .assertFails(ExitCode.NO_ROUTE, "127.0.0.1:1: cannot be reached: connection refused");
    Baton.run("status", "no-such-host.invalid:7000")
        .assertFails(ExitCode.NO_ROUTE, "no-such-host.invalid:7000", "no such host");
    try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      Baton.run("status", "127.0.0.1:" + silent.getLocalPort())
          .assertFails(ExitCode.NO_ROUTE, "no answer within 3000 ms");
    }
  }

  @Test
  void watch_withoutATerminal_writesABlockEachTimeAndOutlivesTheRelay() throws IOException {
    Relay relay = relay("watched");
    String address = address(relay);
    try (Running watch = new Running("status", "--watch=100ms", address)) {
      await().atMost(DEADLINE).until(() -> watch.output().split("\n\nwatched~", -1).length > 2);

      relay.close();
      watch.awaitOutput("! " + address + ": cannot be reached");

      try (Relay again = relay("watched", Integer.parseInt(address.replaceAll(".*:", "")))) {
        watch.awaitOutput(again.id() + " at " + address);
      }
    }
    assertThat(directory.resolve("watched")).doesNotExist();
  }

  @Test
  void watch_asJson_writesAnObjectALine() throws Exception {
    Relay relay = relay("watched");
    try (Running watch = new Running("status", "--json", "--watch=100ms", address(relay))) {
      await().atMost(DEADLINE).until(() -> watch.output().lines().count() > 2);

      relay.close();
      watch.awaitOutput("{\"error\":\"" + address(relay) + ": cannot be reached");
      assertThat(watch.output().lines().limit(3)).allSatisfy(StatusCommandTest::assertStatus);
    }
  }

  private static void assertStatus(String line) {
    try {
      assertThat(new ObjectMapper().readTree(line).at("/identity/name").asText())
          .isEqualTo("watched");
    } catch (JsonProcessingException e) {
      throw new AssertionError(line, e);
    }
  }

  @Test
  void watch_whoseReaderHasGone_ends() throws IOException {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    StringWriter err = new StringWriter();
    try (Relay relay = relay("unread")) {
      int status =
          Main.run(
              new Console(Output.to(closed), new PrintWriter(err)),
              "status",
              address(relay),
              "--watch");

      assertThat(status).isEqualTo(ExitCode.READER_GONE);
      assertThat(err.toString()).isEmpty();
    }
  }
}
