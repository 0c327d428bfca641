package io.baton.simulations.exchange;

import static io.baton.simulations.exchange.Hosts.PATIENCE;
import static io.baton.simulations.exchange.Hosts.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Member;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.transport.LaneKind;
import io.baton.transport.pinned.PoolConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Processes of their own, killed with SIGKILL in the middle of what they do. */
class KilledProcessesTest {

  private static final int MEGABYTE = 1 << 20;

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

  private static Tensor tensor(long seed) {
    return Tensor.wrap(TensorSpec.of(DType.U8, MEGABYTE), bytes(MEGABYTE, seed));
  }

  private static void done(CompletableFuture<?> future) throws Exception {
    future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static Destination at(String group, String relay) {
    return new Destination(group, List.of(Member.at(0, relay)));
  }

  private static int port(Child relay) {
    return Integer.parseInt(relay.word().substring(relay.word().lastIndexOf(':') + 1));
  }

  private static List<Path> poolsOf(String relay) throws IOException {
    try (Stream<Path> files = Files.list(PoolConfig.DEFAULT_DIRECTORY)) {
      return files.filter(file -> file.getFileName().toString().contains(relay)).toList();
    }
  }

  /** Lets nothing through where this machine has not got the lane. */
  private static void assume(LaneKind lane) {
    if (lane == LaneKind.UCX) {
      new UcxLaneTest().assumeAvailable();
    }
  }

  @ParameterizedTest
  @EnumSource(LaneKind.class)
  void sendersRelay_isKilledInMidTransfer_andTheReadersGoOn(LaneKind lane) throws Exception {
    assume(lane);
    Hosts hosts = ending(Hosts.start(1, lane));
    SidecarReader reader = hosts.reader(0, "readers");
    Path socket = directory.resolve("child.sock");
    Child relay = ending(Child.relay(socket, 0, lane));
    String here = hosts.relay(0).endpoint().toString();
    Child sender = ending(Child.busySender(socket, "readers", here, MEGABYTE));
    for (int i = 0; i < 5; i++) {
      ((ReceivedChunk) reader.receive("busy", i)).close();
    }

    relay.kill();
    sender.kill();

    SidecarSender other = hosts.sender(0);
    done(other.send(ChunkAddress.of("own", ChunkPosition.ONLY, at("readers", here)), tensor(1)));
    try (ReceivedChunk chunk = (ReceivedChunk) reader.receive("own", 0)) {
      assertThat(chunk.tensor()).isEqualTo(tensor(1));
    }
    drain(reader);
  }

  /** Takes what had come before the kill, so that nothing is left of it. */
  private static void drain(SidecarReader reader) throws InterruptedException {
    for (int i = 5; ; i++) {
      try {
        ((ReceivedChunk) reader.receive("busy", i, Duration.ofMillis(300))).close();
      } catch (SidecarException e) {
        if (e.reason() == Failure.Reason.DEADLINE_EXCEEDED) {
          return;
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(LaneKind.class)
  void readersRelay_isKilledAndRestarted_andLeavesNoSharedMemory(LaneKind lane) throws Exception {
    assume(lane);
    Hosts hosts = ending(Hosts.start(1, lane));
    SidecarSender sender = hosts.sender(0);
    Path socket = directory.resolve("child.sock");
    Child relay = Child.relay(socket, 0, lane);
    started.addFirst(relay);
    Destination there = at("readers", relay.word());
    done(sender.send(ChunkAddress.of("a", ChunkPosition.ONLY, there), tensor(1)));
    List<Path> orphans = poolsOf("child");

    relay.kill();
    CompletableFuture<?> meanwhile =
        sender.send(ChunkAddress.of("b", ChunkPosition.ONLY, there), tensor(2), PATIENCE);
    Child again = Child.relay(socket, port(relay), lane);
    started.addFirst(again);

    done(meanwhile);
    assertThat(orphans).isNotEmpty();
    assertThat(orphans).allSatisfy(orphan -> assertThat(orphan).doesNotExist());
    again.kill();
  }

  @Test
  void sendingProcess_isKilled_andItsMemoryComesBack() throws Exception {
    Hosts hosts = ending(Hosts.start(1, LaneKind.LOCAL));
    Child sender = ending(Child.idleSender(hosts.socket(0), 8, MEGABYTE));
    assertThat(hosts.relay(0).pool().usage().total().bytes()).isEqualTo(8L * MEGABYTE);

    sender.kill();

    hosts.assertDrained();
  }

  @Test
  void readingProcess_isKilled_andAnotherOfItsMemberGetsTheSameChunks() throws Exception {
    Hosts hosts = ending(Hosts.start(1, LaneKind.LOCAL));
    SidecarSender sender = hosts.sender(0);
    Destination here = Destination.here("readers");
    for (int i = 0; i < 4; i++) {
      done(sender.send(ChunkAddress.of("x", ChunkPosition.of(i, 4), here), tensor(i)));
    }
    Child holder = ending(Child.idleReader(hosts.socket(0), "readers", "x", 4));

    holder.kill();

    SidecarReader other = hosts.reader(0, "readers");
    for (int i = 0; i < 4; i++) {
      try (ReceivedChunk chunk = (ReceivedChunk) other.receive("x", i)) {
        assertThat(chunk.tensor()).isEqualTo(tensor(i));
      }
    }
  }

  @Test
  void relay_isKilled_andItsProcessesAreToldAndReconnect() throws Exception {
    Path socket = directory.resolve("child.sock");
    Child relay = ending(Child.relay(socket, 0, LaneKind.LOCAL));
    Hosts hosts = ending(Hosts.start(0, LaneKind.LOCAL));
    SidecarSender sender = hosts.sender(socket);
    SidecarReader reader = hosts.reader(socket, "readers");
    Destination here = Destination.here("readers");
    done(sender.send(ChunkAddress.of("x", ChunkPosition.ONLY, here), tensor(1)));
    ReceivedChunk held = (ReceivedChunk) reader.receive("x", 0);
    CompletableFuture<?> waiting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return reader.receive("later", 0);
              } catch (SidecarException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });

    relay.kill();

    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThatIllegalStateException().isThrownBy(held::tensor));
    held.close();
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(
            () ->
                done(
                    sender.send(
                        ChunkAddress.of("y", ChunkPosition.ONLY, here),
                        tensor(2),
                        Duration.ofMillis(200))));
    ending(Child.relay(socket, port(relay), LaneKind.LOCAL));
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              done(sender.send(ChunkAddress.of("later", ChunkPosition.ONLY, here), tensor(3)));
              return true;
            });
    try (ReceivedChunk chunk =
        (ReceivedChunk) waiting.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      assertThat(chunk.tensor()).isEqualTo(tensor(3));
    }
  }
}
