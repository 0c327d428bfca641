package io.baton.benchmarks.soak;

import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.ChunkStream;
import io.baton.client.sidecar.CopyMode;
import io.baton.client.sidecar.OutgoingTensor;
import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure.Reason;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/** The acts; each thing that is received is compared with what was sent. */
final class Acts {

  private static final Duration SOON = Duration.ofMillis(20);

  /** For a send that finds the pool full: mostly longer than it takes when it is not. */
  private static final Duration FULL = Duration.ofMillis(400);

  private static final List<DType> DTYPES = List.of(DType.values());
  private static final int MOST_BYTES = 256 << 10;
  private static final int LARGE_BYTES = 2 << 20;

  private final Scene scene;
  private final Random random;

  Acts(Scene scene, Random random) {
    this.scene = scene;
    this.random = random;
  }

  void play(Act act) throws Exception {
    switch (act) {
      case TENSOR -> tensor();
      case OBJECT -> object();
      case BROADCAST -> broadcast();
      case STREAM -> stream();
      case READERS -> readers();
      case ODD_MARKS -> oddMarks();
      case READER_LEAVES -> readerLeaves();
      case WITHDRAWN -> withdrawn();
      case TOGETHER -> together();
      case FULL_POOL -> fullPool();
    }
  }

  private int host() {
    return random.nextInt(Pair.HOSTS);
  }

  /** As likely a few bytes as many, and a large one now and then. */
  private TensorSpec spec() {
    DType dtype = DTYPES.get(random.nextInt(DTYPES.size()));
    if (random.nextInt(40) == 0) {
      return TensorSpec.of(dtype, LARGE_BYTES / dtype.bytes());
    }
    int elements =
        (int) Math.exp(random.nextDouble() * Math.log((double) MOST_BYTES / dtype.bytes()));
    return switch (random.nextInt(4)) {
      case 0 -> TensorSpec.of(dtype, elements);
      case 1 -> TensorSpec.of(dtype, 1, elements);
      case 2 -> TensorSpec.of(dtype, 1 + elements / 64, 64);
      default -> random.nextInt(10) == 0 ? TensorSpec.of(dtype, 0) : TensorSpec.of(dtype);
    };
  }

  private Tensor tensorOf(TensorSpec spec) {
    byte[] bytes = new byte[Math.toIntExact(spec.bytes())];
    random.nextBytes(bytes);
    return Tensor.wrap(spec, bytes);
  }

  private CompletableFuture<?> send(
      SidecarSender sender, String id, ChunkPosition position, Tensor tensor, Destination... to)
      throws Exception {
    if (random.nextBoolean()) {
      return sender.send(ChunkAddress.of(id, position, to), tensor);
    }
    OutgoingTensor memory = Scene.get(sender.allocate(tensor.spec(), List.of(to)));
    memory.memory().copyFrom(MemorySegment.ofBuffer(tensor.data()));
    return memory.send(id, position);
  }

  private void tensor() throws Exception {
    int from = host();
    Group to = scene.group("one", host());
    SidecarReader reader = scene.reader(to, 0);
    Tensor tensor = tensorOf(spec());
    String id = scene.id(to);
    if (random.nextBoolean()) {
      CompletableFuture<Received> early = scene.receiver(to, 0).receive(id, 0, Scene.PATIENCE);
      Scene.get(send(scene.sender(from), id, ChunkPosition.ONLY, tensor, to.from(from)));
      scene.check(Scene.get(early), tensor);
    } else {
      Scene.get(send(scene.sender(from), id, ChunkPosition.ONLY, tensor, to.from(from)));
      scene.check(reader.receive(id, 0), tensor);
      scene.expectEnd(reader.receive(id, 1), 1);
    }
  }

  private void object() throws Exception {
    int from = host();
    Group to = scene.group("object", host());
    int length = random.nextInt(6) == 0 ? 200_000 : random.nextInt(1000);
    Object value =
        Map.of(
            "step", random.nextLong(),
            "text", "é".repeat(length),
            "list", List.of(random.nextBoolean(), random.nextDouble(), "x"));
    String id = scene.id(to);
    Scene.get(
        scene
            .sender(from)
            .sendObject(ChunkAddress.of(id, ChunkPosition.ONLY, to.from(from)), value));
    scene.checkObject(scene.reader(to, 0).receive(id, 0), value);
  }

  private void broadcast() throws Exception {
    int from = host();
    List<Group> groups =
        List.of(scene.group("left", 0), scene.group("right", 1), scene.group("both", 0, 1));
    Tensor tensor = tensorOf(spec());
    String id = scene.id(groups);
    Destination[] to = groups.stream().map(group -> group.from(from)).toArray(Destination[]::new);
    Scene.get(send(scene.sender(from), id, ChunkPosition.ONLY, tensor, to));
    for (Group group : groups) {
      for (int rank = 0; rank < group.members(); rank++) {
        scene.check(scene.reader(group, rank).receive(id, 0), tensor);
      }
    }
  }

  private void stream() throws Exception {
    int from = host();
    Group to = scene.group("stream", host());
    String id = scene.id(to);
    int count = random.nextInt(6);
    List<Tensor> tensors = new ArrayList<>();
    List<Integer> order = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      tensors.add(tensorOf(spec()));
      order.add(index);
    }
    Collections.shuffle(order, random);
    SidecarSender sender = scene.sender(from);
    int closedAfter = random.nextInt(count + 1);
    for (int sent = 0; sent <= count; sent++) {
      if (sent == closedAfter) {
        Scene.get(sender.closeStream(id, count, List.of(to.from(from))));
      }
      if (sent < count) {
        int index = order.get(sent);
        Scene.get(send(sender, id, ChunkPosition.stream(index), tensors.get(index), to.from(from)));
      }
    }
    ChunkStream stream = scene.reader(to, 0).stream(id);
    int index = 0;
    for (Optional<ReceivedChunk> chunk = stream.next(); chunk.isPresent(); chunk = stream.next()) {
      scene.check(chunk.get(), tensors.get(index++));
    }
    Scene.expect(index == count, "a stream of %d chunks ended after %d".formatted(count, index));
  }

  private void readers() throws Exception {
    int from = host();
    Group to = scene.group("readers", host());
    SidecarReader first = scene.reader(to, 0);
    SidecarReader second = scene.reader(to, 0);
    Tensor tensor = tensorOf(spec());
    String id = scene.id(to);
    Scene.get(send(scene.sender(from), id, ChunkPosition.ONLY, tensor, to.from(from)));
    Received one = first.receive(id, 0);
    Received other = second.receive(id, 0);
    scene.check(one, tensor);
    scene.check(other, tensor);
  }

  private void oddMarks() throws Exception {
    int from = host();
    Group to = scene.group("marks", host());
    String id = scene.id(to);
    SidecarSender sender = scene.sender(from);
    SidecarReader reader = scene.reader(to, 0);
    int count = 1 + random.nextInt(5);
    List<Integer> order = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      reader.markDone(id, index);
      order.add(index);
      Tensor tensor = tensorOf(spec());
      Scene.get(send(sender, id, ChunkPosition.of(index, count), tensor, to.from(from)));
      scene.look(reader.receive(id, index), tensor);
    }
    Collections.shuffle(order, random);
    for (int index : order) {
      reader.markDone(id, index);
      reader.markDone(id, index + random.nextInt(3));
    }
    order.forEach(index -> reader.markDone(id, index));
  }

  private void readerLeaves() throws Exception {
    int from = host();
    Group to = scene.group("leaving", host());
    Tensor tensor = tensorOf(spec());
    String id = scene.id(to);
    Scene.get(send(scene.sender(from), id, ChunkPosition.ONLY, tensor, to.from(from)));
    try (SidecarClient leaving = scene.visitor(to.host(0))) {
      scene.look(leaving.reader(to.receiver(0)).receive(id, 0), tensor);
    }
    try (SidecarClient coming = scene.visitor(to.host(0))) {
      scene.check(coming.reader(to.receiver(0)).receive(id, 0), tensor);
    }
  }

  private void withdrawn() throws Exception {
    int from = host();
    Group to = scene.group("withdrawn", host());
    SidecarReader reader = scene.reader(to, 0);
    String never = scene.id(to);
    Scene.expectFailure(
        scene.receiver(to, 0).receive(never, 0, SOON), EnumSet.of(Reason.DEADLINE_EXCEEDED));
    scene.receiver(to, 0).receive(never, 1, Scene.PATIENCE).cancel(false);
    SidecarSender sender = scene.sender(from);
    CompletableFuture<OutgoingTensor> allocation =
        sender.allocate(TensorSpec.of(DType.U8, MOST_BYTES), List.of(to.from(from)));
    if (random.nextBoolean()) {
      allocation.cancel(false);
    } else {
      Scene.get(allocation).close();
    }
    Tensor tensor = tensorOf(spec());
    String id = scene.id(to);
    CompletableFuture<?> sending =
        sender.send(ChunkAddress.of(id, ChunkPosition.ONLY, to.from(from)), tensor);
    if (sending.cancel(false)) {
      scene.leaveBehind();
      return;
    }
    Scene.get(sending);
    scene.check(reader.receive(id, 0), tensor);
  }

  private void together() throws Exception {
    int from = host();
    Group to = scene.group("together", host());
    Tensor tensor = tensorOf(spec());
    CopyMode mode = random.nextBoolean() ? CopyMode.LOWEST : CopyMode.SHARDED;
    SidecarSender lowest = scene.sender(from, 0, mode);
    SidecarSender other = scene.sender(from, 1, mode);
    String id = scene.id(to);
    ChunkAddress address = ChunkAddress.of(id, ChunkPosition.ONLY, to.from(from));
    CompletableFuture<?> first = lowest.send(address, tensor);
    CompletableFuture<?> second = other.send(address, tensor);
    Scene.get(first);
    Scene.get(second);
    scene.check(scene.reader(to, 0).receive(id, 0), tensor);
  }

  private void fullPool() throws Exception {
    int from = host();
    Group to = scene.group("full", host());
    SidecarSender sender = scene.sender(from);
    SidecarReader reader = scene.reader(to, 0);
    Tensor tensor = tensorOf(TensorSpec.of(DType.U8, LARGE_BYTES));
    List<Received> held = new ArrayList<>();
    String id = scene.id(to);
    while (true) {
      try {
        Scene.get(
            sender.send(
                ChunkAddress.of(id, ChunkPosition.stream(held.size()), to.from(from)),
                tensor,
                FULL));
      } catch (SidecarException e) {
        if (e.reason() != Reason.RESOURCE_EXHAUSTED && e.reason() != Reason.DEADLINE_EXCEEDED) {
          throw e;
        }
        break;
      }
      held.add(reader.receive(id, held.size()));
    }
    for (Received chunk : held) {
      scene.check(chunk, tensor);
    }
  }
}
