package io.baton.simulations.exchange;

import static io.baton.simulations.exchange.Hosts.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.client.status.RelayInspector;
import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.StatusResponse;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.exchange.Destination;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.simulations.foreign.ForeignProcess;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Senders and readers that are none of ours, made from what is written down about the protocol. */
@Timeout(120)
class ForeignProcessTest {

  private static final int KIB = 1 << 10;

  /** Inline, as much as goes inline, a byte more, and what takes many pages. */
  private static final int[] SIZES = {8 * KIB, 128 * KIB, 128 * KIB + 1, 3 << 20};

  private static final Destination READERS = Destination.here("readers");

  @TempDir private Path directory;
  private final List<AutoCloseable> started = new ArrayList<>();

  @AfterEach
  void close_leavesNothing() throws Exception {
    for (AutoCloseable one : started.reversed()) {
      one.close();
    }
  }

  private <T extends AutoCloseable> T ending(T one) {
    started.add(one);
    return one;
  }

  private Hosts hosts(int count) throws Exception {
    return ending(Hosts.start(count, LaneKind.LOCAL));
  }

  private ForeignProcess attached(Path socket, String name) throws Exception {
    ForeignProcess process = ending(ForeignProcess.start(directory, socket, name));
    assertThat(process.does("attach").path("version").asInt()).isEqualTo(1);
    return process;
  }

  /** A process with the registration 1, as the only sender of a group of its name. */
  private ForeignProcess sender(Path socket, String name) throws Exception {
    ForeignProcess process = attached(socket, name);
    assertThat(process.does("sender", 1, name, 0, List.of(0))).isEmpty();
    return process;
  }

  /** A process with the registration 2, as a reader for the only member of a group. */
  private ForeignProcess reader(Path socket, String group) throws Exception {
    ForeignProcess process = attached(socket, "reader");
    assertThat(process.does("reader", 2, group, 0)).isEmpty();
    return process;
  }

  private String file(String name, byte[] content) throws Exception {
    return Files.write(directory.resolve(name), content).toString();
  }

  private static Tensor tensor(int size, long seed) {
    return Tensor.wrap(TensorSpec.of(DType.U8, size), Hosts.bytes(size, seed));
  }

  private static void sends(SidecarSender sender, String id, ChunkPosition position, Tensor tensor)
      throws Exception {
    sender
        .send(ChunkAddress.of(id, position, READERS), tensor)
        .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** The process receives a chunk, which is compared, and holds it. */
  private void holds(ForeignProcess reader, String id, int index, String by, byte[] expected)
      throws Exception {
    Path got = directory.resolve("got");
    JsonNode answer = reader.does("receive", 2, id, index, got.toString());
    assertThat(answer.path("by").asText()).as("%s", answer).isEqualTo(by);
    assertThat(answer.path("shape").path(0).asInt(expected.length)).isEqualTo(expected.length);
    assertThat(Files.readAllBytes(got)).isEqualTo(expected);
  }

  private void receives(ForeignProcess reader, String id, int index, String by, byte[] expected)
      throws Exception {
    holds(reader, id, index, by, expected);
    assertThat(reader.does("done", 2, id, index)).isEmpty();
  }

  private void sends(ForeignProcess sender, String id, int index, String by, byte[] content)
      throws Exception {
    JsonNode answer =
        sender.does("send", 1, id, index, SIZES.length, file("sent", content), List.of("readers"));
    assertThat(answer.path("by").asText()).as("%s", answer).isEqualTo(by);
  }

  private static String by(int size) {
    return size <= 128 * KIB ? "inline" : "slot";
  }

  /** Tensors of ours lie in the pool, whatever their size; small objects come inline. */
  @Test
  void send_ofOurs_isReadByAForeigner() throws Exception {
    Hosts hosts = hosts(1);
    SidecarSender sender = hosts.sender(0);
    ForeignProcess reader = reader(hosts.socket(0), "readers");
    for (int i = 0; i < SIZES.length; i++) {
      sends(sender, "x", ChunkPosition.of(i, SIZES.length), tensor(SIZES[i], i));
      receives(reader, "x", i, "slot", Hosts.bytes(SIZES[i], i));
    }
    JsonNode after = reader.does("receive", 2, "x", SIZES.length, "unused");
    assertThat(after.path("end").asInt()).isEqualTo(SIZES.length);
    for (int size : List.of(0, 8 * KIB, 3 << 20)) {
      sender
          .sendObject(
              ChunkAddress.of("object-" + size, ChunkPosition.ONLY, READERS),
              Hosts.bytes(size, size))
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      holds(reader, "object-" + size, 0, by(size), Hosts.bytes(size, size));
      assertThat(reader.does("let_go", 2, "object-" + size, 0)).isEmpty();
      receives(reader, "object-" + size, 0, by(size), Hosts.bytes(size, size));
    }
  }

  @Test
  void send_ofAForeigner_isReadByOurs() throws Exception {
    Hosts hosts = hosts(1);
    SidecarReader reader = hosts.reader(0, "readers");
    ForeignProcess sender = sender(hosts.socket(0), "encoders");
    for (int i = 0; i < SIZES.length; i++) {
      sends(sender, "x", i, by(SIZES[i]), Hosts.bytes(SIZES[i], i));
      try (ReceivedChunk chunk = (ReceivedChunk) reader.receive("x", i)) {
        assertThat(chunk.tensor()).isEqualTo(tensor(SIZES[i], i));
        chunk.verify();
      }
    }
    assertThat(reader.receive("x", SIZES.length)).isEqualTo(new Received.EndOfStream(SIZES.length));
  }

  /** What lies in the pool of the sender's relay is read there. */
  @Test
  void send_ofAForeigner_isReadByAnotherAtAnotherRelayOfTheHost() throws Exception {
    Hosts hosts = hosts(2);
    ForeignProcess reader = reader(hosts.socket(1), "readers");
    ForeignProcess sender = sender(hosts.socket(0), "encoders");
    List<Object> there = List.of(List.of("readers", hosts.relay(1).endpoint().toString()));
    for (int i = 0; i < SIZES.length; i++) {
      byte[] content = Hosts.bytes(SIZES[i], i);
      JsonNode sent = sender.does("send", 1, "x", i, null, file("sent", content), there);
      assertThat(sent.path("by").asText()).as("%s", sent).isEqualTo(by(SIZES[i]));
    }
    assertThat(sender.does("close_stream", 1, "x", SIZES.length, there)).isEmpty();
    receives(reader, "x", 3, "slot", Hosts.bytes(SIZES[3], 3));
    for (int i = 0; i < 3; i++) {
      Path got = directory.resolve("got");
      reader.does("receive", 2, "x", i, got.toString());
      assertThat(Files.readAllBytes(got)).isEqualTo(Hosts.bytes(SIZES[i], i));
      reader.does("done", 2, "x", i);
    }
    JsonNode after = reader.does("receive", 2, "x", SIZES.length, "unused");
    assertThat(after.path("end").asInt()).isEqualTo(SIZES.length);
  }

  @Test
  void chunk_writtenByAGroupOfForeigners_isWhole() throws Exception {
    Hosts hosts = hosts(1);
    SidecarReader reader = hosts.reader(0, "readers");
    byte[] content = Hosts.bytes((3 << 20) + 1, 1);
    String file = file("sent", content);
    List<ForeignProcess> group = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      ForeignProcess member = attached(hosts.socket(0), "member-" + rank);
      member.does("sender", 1, "group", rank, List.of(0, 1), "GROUP_COPY_SHARDED");
      group.add(member);
    }
    List<CompletableFuture<JsonNode>> written = new ArrayList<>();
    for (ForeignProcess member : group) {
      written.add(member.begins("join", 1, "x", file, List.of("readers")));
    }
    for (CompletableFuture<JsonNode> one : written) {
      JsonNode parts = one.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      assertThat(parts.path("written")).as("%s", parts).hasSize(1);
    }
    try (ReceivedChunk chunk = (ReceivedChunk) reader.receive("x", 0)) {
      assertThat(chunk.tensor()).isEqualTo(tensor(content.length, 1));
    }
  }

  @Test
  void foreigner_killedWhileItWritesAndHolds_givesAllBackAndItsPlaceToAnother() throws Exception {
    Hosts hosts = hosts(1);
    byte[] content = Hosts.bytes(3 << 20, 1);
    SidecarSender ours = hosts.sender(0);
    sends(ours, "held", ChunkPosition.ONLY, tensor(3 << 20, 1));
    ForeignProcess first = sender(hosts.socket(0), "encoders");
    first.does("reader", 2, "readers", 0);
    holds(first, "held", 0, "slot", content);
    assertThat(first.does("write_half", 1, 3 << 20, List.of("readers")).has("offset")).isTrue();
    ForeignProcess other = attached(hosts.socket(0), "other");
    assertThat(other.does("sender", 1, "encoders", 0, List.of(0)).path("failed").asText())
        .startsWith("CONFLICT");

    first.kill();

    // The place that was refused is its own now, without more ado.
    awaitProcesses(hosts, 2);
    other.does("reader", 2, "readers", 0);
    receives(other, "held", 0, "slot", content);
    sends(other, "next", 0, "slot", content);
    receives(other, "next", 0, "slot", content);
    assertThat(other.does("leave").path("code").asInt(-1)).isZero();
    awaitProcesses(hosts, 1);
    hosts.assertDrained();
  }

  private static void awaitProcesses(Hosts hosts, int count) throws Exception {
    HostPort relay = HostPort.parse(hosts.relay(0).endpoint().toString());
    try (RelayInspector inspector = RelayInspector.of(relay)) {
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(20))
          .untilAsserted(
              () -> {
                StatusResponse status = inspector.ask(PATIENCE);
                assertThat(status.getExchange().getProcesses()).isEqualTo(count);
              });
    }
  }

  @Test
  void relay_stoppedAndStarted_isSaidAndTheForeignerGoesOn() throws Exception {
    Hosts hosts = hosts(1);
    ForeignProcess reader = reader(hosts.socket(0), "readers");
    ForeignProcess sender = sender(hosts.socket(0), "encoders");
    Path got = directory.resolve("later");
    CompletableFuture<JsonNode> waiting = reader.begins("receive", 2, "x", 0, got.toString());

    hosts.restart(0);

    sends(sender, "x", 0, "slot", Hosts.bytes(3 << 20, 1));
    assertThat(waiting.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS).path("by").asText())
        .isEqualTo("slot");
    assertThat(Files.readAllBytes(got)).isEqualTo(Hosts.bytes(3 << 20, 1));
    reader.does("done", 2, "x", 0);
    JsonNode state = sender.does("state");
    assertThat(state.path("welcomes").asInt()).isEqualTo(2);
    assertThat(state.path("endings").path(0).path("code").asInt()).as("%s", state).isEqualTo(14);
  }

  @Test
  void relay_killedAndStarted_isNoticedAndTheForeignerGoesOn() throws Exception {
    Path socket = directory.resolve("child.sock");
    Child relay = ending(Child.relay(socket, 0, LaneKind.LOCAL));
    ForeignProcess process = sender(socket, "encoders");
    process.does("reader", 2, "readers", 0);
    sends(process, "x", 0, "slot", Hosts.bytes(3 << 20, 1));
    holds(process, "x", 0, "slot", Hosts.bytes(3 << 20, 1));

    relay.kill();
    ending(
        Relay.start(
            RelayConfig.of("successor", Endpoint.tcp("127.0.0.1", 0))
                .withProcessSocket(new Endpoint.Unix(socket))));

    sends(process, "y", 0, "slot", Hosts.bytes(3 << 20, 2));
    receives(process, "y", 0, "slot", Hosts.bytes(3 << 20, 2));
    JsonNode state = process.does("state");
    assertThat(state.path("welcomes").asInt()).isEqualTo(2);
    assertThat(state.path("endings").path(0).isNull()).as("%s", state).isTrue();
  }

  @Test
  void ping_isAnswered() throws Exception {
    ForeignProcess process = attached(hosts(1).socket(0), "asking");
    assertThat(process.does("ping").path("pong").asBoolean()).isTrue();
  }

  @Test
  void leave_isAnsweredAndGivesMemoryBackAtOnce() throws Exception {
    Hosts hosts = hosts(1);
    ForeignProcess process = sender(hosts.socket(0), "leaving");
    process.does("write_half", 1, 3 << 20, List.of("readers"));
    assertThat(process.does("leave").path("code").asInt(-1)).isZero();
    awaitProcesses(hosts, 0);
    assertThat(hosts.relay(0).pool().usage().total().bytes()).isZero();
  }

  @Test
  void leave_withMuchUnread_isAnsweredAfterAllThatWasSaidBefore() throws Exception {
    Hosts hosts = hosts(1);
    ForeignProcess process = attached(hosts.socket(0), "leaving");
    JsonNode said = process.does("leave_unread", 2_000);
    assertThat(said.path("failed").asInt()).as("%s", said).isEqualTo(2_000);
    assertThat(said.path("farewell").asInt()).as("%s", said).isEqualTo(1);
    awaitProcesses(hosts, 1);
  }

  /** Two ends that speak versions 1 to 1, and then what is wrong. */
  private static final String HELLO = "0000000d 0a0b 0a04 08011001 1203 626164";

  /**
   * What is wrong, frames in hexadecimal, and how the relay ends that, as gRPC numbers statuses.
   */
  private static final List<Bad> BAD =
      List.of(
          new Bad("nothing in it", "00000000", 3),
          new Bad("no hello comes first", "0000000d 9a010a 0807 1002 1a0164 28ff01", 3),
          new Bad("no protobuf", "00000003 0affff", 3),
          new Bad("a field of another type", "00000002 0805", 3),
          new Bad("longer than a frame may be", "00400001", 8),
          new Bad("longer than memory is", "ffffffff", 8),
          new Bad("no common version", "00000008 0a06 0a04 08021009", 9),
          new Bad("versions the wrong way round", "00000008 0a06 0a04 08021001", 9),
          new Bad("no versions", "00000002 0a00", 9),
          new Bad("hello twice", HELLO + HELLO, 3),
          new Bad("nothing in it, later", HELLO + "00000000", 3),
          new Bad("a farewell and more", HELLO + "00000002 1200 00000002 1a00", 0),
          new Bad("a command is done of who is no executor", HELLO + "00000005 f20102 0801", 3),
          new Bad("a chunk of who is no executor", HELLO + "0000000a 8a0207 0808 10012201 61", 3),
          new Bad("longer than a frame may be, later", HELLO + "7fffffff", 8));

  private record Bad(String what, String frames, int code) {}

  @Test
  void frames_thatBreakTheProtocol_endTheirConnectionWithTheCodeAndNoOther() throws Exception {
    Hosts hosts = hosts(1);
    ForeignProcess process = attached(hosts.socket(0), "bad");
    for (Bad bad : BAD) {
      JsonNode said = process.does("raw", bad.frames());
      assertThat(said.path(said.size() - 1).path("code").asInt(-1))
          .as("%s: %s", bad.what(), said)
          .isEqualTo(bad.code());
    }
    assertThat(process.does("ping").path("pong").asBoolean()).isTrue();
    assertThat(process.does("state").path("welcomes").asInt()).isEqualTo(1);
  }
}
