package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ChunkingCodec;
import io.baton.proto.codec.ContentCodec;
import io.baton.proto.codec.DestinationCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Allocate;
import io.baton.proto.v1.Allocated;
import io.baton.proto.v1.CloseStream;
import io.baton.proto.v1.EndOfStream;
import io.baton.proto.v1.Join;
import io.baton.proto.v1.LetGo;
import io.baton.proto.v1.MarkDone;
import io.baton.proto.v1.PartWritten;
import io.baton.proto.v1.Receive;
import io.baton.proto.v1.Received;
import io.baton.proto.v1.RegisterReader;
import io.baton.proto.v1.RegisterSender;
import io.baton.proto.v1.Registered;
import io.baton.proto.v1.RequestFailed;
import io.baton.proto.v1.Send;
import io.baton.proto.v1.Sent;
import io.baton.proto.v1.SidecarFrame;
import io.baton.proto.v1.SidecarReply;
import io.baton.proto.v1.SidecarWelcome;
import io.baton.proto.v1.WritePart;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Reader;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process of this host: what it has registered, allocated and received is its own, and given back
 * when its stream ends, however it ends. gRPC calls it from one thread at a time; all it holds is
 * touched in the exchange's loop alone.
 */
final class SidecarStream implements StreamObserver<SidecarFrame> {

  private static final Logger log = LoggerFactory.getLogger(SidecarStream.class);

  private static final SenderLimits REPLIES = new SenderLimits(1 << 16, 64L << 20);
  private static final long MAX_TIMEOUT_NANOS = Duration.ofDays(1).toNanos();
  private static final int MAX_INLINE_BYTES = 128 << 10;
  private static final int MAX_REGISTRATIONS = 4096;
  private static final int MAX_UNDER_WAY = 1 << 16;
  private static final int MAX_NAME_CHARS = 255;

  private record SenderEntry(
      String group, int rank, boolean sharded, long slotBytes, SortedSet<Integer> members) {}

  private record ReaderEntry(String group, Reader reader) {}

  private record Receiving(long registration, DataId id, long request) {}

  private record Allocating(long registration, RoomQueue.Request request, Deadlines.Due due) {}

  /** A chunk that this process writes a part of. */
  private static final class Joined {
    final SenderEntry sender;
    final String dataId;
    final int index;
    final List<Runnable> whenQuiet = new ArrayList<>();
    private @Nullable Slot slot;
    int writing;
    boolean finished;

    Joined(SenderEntry sender, String dataId, int index) {
      this.sender = sender;
      this.dataId = dataId;
      this.index = index;
    }

    void asked(Slot into) {
      slot = into;
      writing++;
    }

    /** That it is or was asked to write into. */
    Optional<Slot> slot() {
      return Optional.ofNullable(slot);
    }

    /** Nothing of it is being written any more. */
    void quiet() {
      writing = 0;
      whenQuiet.forEach(Runnable::run);
      whenQuiet.clear();
    }
  }

  private final Exchange exchange;
  private final FlowControlledSender<SidecarReply> replies;
  private final Consumer<SidecarStream> onEnded;
  private final AtomicBoolean ended = new AtomicBoolean();

  // gRPC's thread.
  private boolean greeted;

  // Below: only in the loop.
  private String name = "";
  private final Map<Long, SenderEntry> senders = new HashMap<>();
  private final Map<Long, ReaderEntry> readers = new HashMap<>();
  private final Map<SlotHandle, Slot> allocated = new HashMap<>();
  private final Map<Long, Receiving> receiving = new HashMap<>();
  private final Map<Long, Allocating> allocating = new HashMap<>();
  private final Map<Long, Joined> joined = new HashMap<>();
  private boolean left;
  private boolean gone;

  SidecarStream(
      Exchange exchange,
      ServerCallStreamObserver<SidecarReply> call,
      Consumer<SidecarStream> onEnded) {
    this.exchange = exchange;
    this.onEnded = onEnded;
    this.replies =
        new FlowControlledSender<>(
            call, SidecarReply::getSerializedSize, REPLIES, new RepliesEnded(), false);
    call.setOnReadyHandler(replies::onReady);
    call.setOnCancelHandler(() -> lose("its process is gone"));
    call.setOnCloseHandler(() -> lose("its stream was ended"));
  }

  @Override
  public void onNext(SidecarFrame frame) {
    if (ended.get()) {
      return;
    }
    try {
      if (!greeted) {
        greet(frame);
        greeted = true;
      } else {
        take(frame);
      }
    } catch (MalformedFrameException e) {
      end(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void onError(Throwable cause) {
    lose(String.valueOf(cause.getMessage()));
  }

  @Override
  public void onCompleted() {
    replies.complete();
    later(() -> left = true);
    lose("it has left");
  }

  /** Ends the stream from this side. */
  void end(Status status, String why) {
    replies.fail(status.withDescription(why).asException());
    lose(why);
  }

  /** Registrations to read; to be asked in the loop. */
  int readers() {
    return readers.size();
  }

  private void lose(String why) {
    if (ended.compareAndSet(false, true)) {
      onEnded.accept(this);
      exchange.inLoop(() -> giveBack(why));
    }
  }

  private void giveBack(String why) {
    gone = true;
    log.debug("process {} is detached: {}", name, why);
    List.copyOf(receiving.keySet()).forEach(this::cancel);
    List.copyOf(allocating.keySet()).forEach(this::cancel);
    // A process that has left has left its memory first; any other may still be writing.
    joined.values().stream()
        .filter(part -> !left && part.writing > 0)
        .forEach(part -> part.slot().ifPresent(exchange::keepFromOthers));
    List.copyOf(readers.keySet()).forEach(this::unregister);
    List.copyOf(senders.keySet()).forEach(this::unregister);
    for (Slot slot : allocated.values()) {
      if (!left) {
        exchange.keepFromOthers(slot);
      }
      exchange.release(slot);
    }
    allocated.clear();
    joined.values().forEach(Joined::quiet);
    joined.clear();
  }

  private void greet(SidecarFrame frame) throws MalformedFrameException {
    if (!frame.hasHello()) {
      throw new MalformedFrameException("hello", "missing");
    }
    OptionalInt version = Versions.negotiate(frame.getHello().getVersions());
    if (version.isEmpty()) {
      end(
          Status.FAILED_PRECONDITION,
          "no common version: " + Versions.refusal(frame.getHello().getVersions()));
      return;
    }
    String from = FailureCodec.messageFromWire(frame.getHello().getName());
    exchange.inLoop(() -> name = from.substring(0, Math.min(from.length(), MAX_NAME_CHARS)));
    PinnedPool pool = exchange.pool();
    reply(
        SidecarReply.newBuilder()
            .setWelcome(
                SidecarWelcome.newBuilder()
                    .setVersion(version.getAsInt())
                    .setIdentity(IdCodec.toWire(exchange.self()))
                    .setPool(
                        ExchangeCodec.toWire(new PoolAddress(pool.path().toString(), pool.id())))));
  }

  /** Decodes on gRPC's thread, and does the rest in the loop. */
  private void take(SidecarFrame frame) throws MalformedFrameException {
    switch (frame.getFrameCase()) {
      case HELLO -> throw new MalformedFrameException("hello", "comes twice");
      case REGISTER_SENDER -> registerSender(frame.getRegisterSender());
      case REGISTER_READER -> registerReader(frame.getRegisterReader());
      case UNREGISTER -> {
        long registration = frame.getUnregister().getRegistration();
        later(() -> unregister(registration));
      }
      case ALLOCATE -> allocate(frame.getAllocate());
      case DISCARD -> {
        SlotHandle handle =
            ExchangeCodec.slotFromWire(frame.getDiscard().getSlot(), SlotHandle::new);
        later(() -> discard(handle));
      }
      case SEND -> send(frame.getSend());
      case JOIN -> join(frame.getJoin());
      case PART_WRITTEN -> {
        PartWritten written = frame.getPartWritten();
        later(() -> written(written.getRequest(), written.getPart()));
      }
      case CLOSE_STREAM -> closeStream(frame.getCloseStream());
      case RECEIVE -> receive(frame.getReceive());
      case CANCEL -> {
        long request = frame.getCancel().getRequest();
        later(() -> cancelled(request));
      }
      case MARK_DONE -> markDone(frame.getMarkDone());
      case LET_GO -> letGo(frame.getLetGo());
      case FRAME_NOT_SET ->
          throw new MalformedFrameException("frame", "missing, unknown or unreadable");
    }
  }

  private void later(Runnable task) {
    exchange.inLoop(
        () -> {
          if (!gone) {
            task.run();
          }
        });
  }

  // ---- registrations

  private void registerSender(RegisterSender wire) throws MalformedFrameException {
    String group = ExchangeCodec.nameFromWire(wire.getGroup(), wire.getGroupBytes(), "group");
    int rank = rank("rank", wire.getRank());
    SenderEntry entry =
        new SenderEntry(group, rank, isSharded(wire), slotBytes(wire), members(wire));
    later(
        () -> {
          if (!isFree(wire.getRequest(), wire.getRegistration())) {
            return;
          }
          if (!exchange.registerSender(group, rank, this)) {
            fail(
                wire.getRequest(),
                Failure.Reason.ALREADY_EXISTS,
                "rank %d of %s is registered by another process".formatted(rank, group));
            return;
          }
          senders.put(wire.getRegistration(), entry);
          registered(wire.getRequest());
        });
  }

  private static boolean isSharded(RegisterSender wire) throws MalformedFrameException {
    return switch (wire.getCopy()) {
      case GROUP_COPY_SHARDED -> true;
      case GROUP_COPY_LOWEST, GROUP_COPY_UNSPECIFIED -> false;
      case UNRECOGNIZED ->
          throw new MalformedFrameException("copy", wire.getCopyValue() + " is no known way");
    };
  }

  private static long slotBytes(RegisterSender wire) throws MalformedFrameException {
    if (wire.getSlotBytes() < 0) {
      throw new MalformedFrameException(
          "slot_bytes",
          Long.toUnsignedString(wire.getSlotBytes()) + " is beyond " + Long.MAX_VALUE);
    }
    return wire.getSlotBytes();
  }

  private static SortedSet<Integer> members(RegisterSender wire) throws MalformedFrameException {
    if (wire.getMembersCount() > Destination.MAX_MEMBERS) {
      throw new MalformedFrameException("members", wire.getMembersCount() + " of them");
    }
    SortedSet<Integer> members = new TreeSet<>();
    for (int member : wire.getMembersList()) {
      members.add(rank("members", member));
    }
    return members;
  }

  private void registerReader(RegisterReader wire) throws MalformedFrameException {
    String group = ExchangeCodec.nameFromWire(wire.getGroup(), wire.getGroupBytes(), "group");
    int rank = rank("rank", wire.getRank());
    later(
        () -> {
          if (isFree(wire.getRequest(), wire.getRegistration())) {
            Reader reader = new Reader(exchange.newRegistration(), rank);
            readers.put(wire.getRegistration(), new ReaderEntry(group, reader));
            registered(wire.getRequest());
          }
        });
  }

  private static int rank(String field, int uint32) throws MalformedFrameException {
    if (uint32 < 0) {
      throw new MalformedFrameException(
          field, Integer.toUnsignedString(uint32) + " is beyond " + Integer.MAX_VALUE);
    }
    return uint32;
  }

  private boolean isFree(long request, long registration) {
    if (senders.containsKey(registration) || readers.containsKey(registration)) {
      fail(
          request,
          Failure.Reason.ALREADY_EXISTS,
          "registration %d is in use".formatted(registration));
      return false;
    }
    if (senders.size() + readers.size() >= MAX_REGISTRATIONS) {
      fail(
          request,
          Failure.Reason.RESOURCE_EXHAUSTED,
          MAX_REGISTRATIONS + " registrations are in use");
      return false;
    }
    return true;
  }

  private void unregister(long registration) {
    ReaderEntry reader = readers.remove(registration);
    if (reader != null) {
      receiving.entrySet().stream()
          .filter(entry -> entry.getValue().registration() == registration)
          .map(Map.Entry::getKey)
          .toList()
          .forEach(this::withdraw);
      exchange.readerGone(reader.group(), reader.reader().registration());
    }
    SenderEntry sender = senders.remove(registration);
    if (sender != null) {
      allocating.entrySet().stream()
          .filter(entry -> entry.getValue().registration() == registration)
          .map(Map.Entry::getKey)
          .toList()
          .forEach(this::withdraw);
      joined.entrySet().stream()
          .filter(entry -> entry.getValue().sender.equals(sender))
          .map(Map.Entry::getKey)
          .toList()
          .forEach(this::withdraw);
      exchange.senderGone(sender.group(), sender.rank());
    }
  }

  /** Ends what is under way for a registration that is given up. */
  private void withdraw(long request) {
    Joined part = joined.get(request);
    cancel(request);
    if (!gone && (part == null || !part.finished)) {
      fail(request, Failure.Reason.CANCELLED, "whoever asked has unregistered");
    }
  }

  // ---- sending

  private void allocate(Allocate wire) throws MalformedFrameException {
    long bytes = wire.getBytes();
    if (bytes < 0) {
      throw new MalformedFrameException(
          "bytes", Long.toUnsignedString(bytes) + " is beyond " + Long.MAX_VALUE);
    }
    String holder = holder(wire);
    long deadline = deadline(wire.getTimeoutNanos());
    later(
        () -> {
          SenderEntry sender = sender(wire.getRequest(), wire.getRegistration());
          if (sender != null && hasRoom(wire.getRequest(), allocating.size() + allocated.size())) {
            ask(wire, sender, holder, deadline);
          }
        });
  }

  private static String holder(Allocate wire) throws MalformedFrameException {
    int groups = wire.getGroupsCount();
    if (groups == 0 || groups > ChunkHeader.MAX_DESTINATIONS) {
      throw new MalformedFrameException(
          "groups", "%d of them; 1 to %d".formatted(groups, ChunkHeader.MAX_DESTINATIONS));
    }
    for (int i = 0; i < groups; i++) {
      var _ = ExchangeCodec.nameFromWire(wire.getGroups(i), wire.getGroupsBytes(i), "groups");
    }
    return Exchange.holderOf(wire.getGroupsList());
  }

  private void ask(Allocate wire, SenderEntry sender, String holder, long deadline) {
    long request = wire.getRequest();
    RoomQueue.Outcome outcome =
        exchange
            .room()
            .ask(
                wire.getBytes(),
                sender.slotBytes(),
                holder,
                slot -> {
                  settled(request);
                  allocated.put(slot.handle(), slot);
                  reply(
                      SidecarReply.newBuilder()
                          .setAllocated(
                              Allocated.newBuilder()
                                  .setRequest(request)
                                  .setSlot(toWire(slot.handle()))));
                });
    switch (outcome) {
      case RoomQueue.Outcome.Served() -> {}
      case RoomQueue.Outcome.Waits(var waiting) -> {
        Deadlines.Due due = exchange.deadlines().at(deadline, () -> noRoom(request, wire, holder));
        allocating.put(request, new Allocating(wire.getRegistration(), waiting, due));
        exchange.serveLater();
      }
      case RoomQueue.Outcome.Refused(Failure failure) -> fail(request, failure);
    }
  }

  private void noRoom(long request, Allocate wire, String holder) {
    if (settled(request)) {
      fail(
          request,
          Failure.Reason.RESOURCE_EXHAUSTED,
          "no room for %d bytes for %s in time: %s"
              .formatted(wire.getBytes(), holder, exchange.room().occupancy()));
    }
  }

  /** An allocation no longer waits; false if it did not. */
  private boolean settled(long request) {
    Allocating waiting = allocating.remove(request);
    if (waiting == null) {
      return false;
    }
    exchange.deadlines().cancel(waiting.due());
    exchange.room().withdraw(waiting.request());
    return true;
  }

  private void discard(SlotHandle handle) {
    Slot slot = allocated.remove(handle);
    if (slot != null) {
      exchange.release(slot);
    }
  }

  private void send(Send wire) throws MalformedFrameException {
    ChunkHeader chunk = chunk(wire.hasChunk(), wire.getChunk());
    long deadline = deadline(wire.getTimeoutNanos());
    switch (wire.getBodyCase()) {
      case SLOT -> {
        SlotHandle handle = ExchangeCodec.slotFromWire(wire.getSlot(), SlotHandle::new);
        later(() -> sendSlot(wire, chunk, handle, deadline));
      }
      case INLINE -> {
        ByteString bytes = wire.getInline();
        if (bytes.size() != chunk.content().bytes() || bytes.size() > MAX_INLINE_BYTES) {
          throw new MalformedFrameException(
              "inline",
              "%d bytes; the chunk has %d, and at most %d may be here"
                  .formatted(bytes.size(), chunk.content().bytes(), MAX_INLINE_BYTES));
        }
        later(
            () -> {
              if (sender(wire.getRequest(), wire.getRegistration()) != null) {
                exchange.send(
                    chunk, null, bytes, deadline, failure -> finish(wire.getRequest(), failure));
              }
            });
      }
      case BODY_NOT_SET -> throw new MalformedFrameException("body", "missing");
    }
  }

  private void sendSlot(Send wire, ChunkHeader chunk, SlotHandle handle, long deadline) {
    long request = wire.getRequest();
    Slot slot = allocated.remove(handle);
    if (slot == null) {
      fail(request, Failure.Reason.GONE, "the memory %s is not this process's".formatted(handle));
    } else if (slot.bytes() != chunk.content().bytes()) {
      exchange.release(slot);
      fail(
          request,
          Failure.Reason.INVALID_ARGUMENT,
          "%s in %d bytes of memory".formatted(chunk.content(), slot.bytes()));
    } else if (sender(request, wire.getRegistration()) == null) {
      exchange.release(slot);
    } else {
      exchange.send(chunk, slot, ByteString.EMPTY, deadline, failure -> finish(request, failure));
    }
  }

  private void join(Join wire) throws MalformedFrameException {
    ChunkHeader chunk = chunk(wire.hasChunk(), wire.getChunk());
    if (chunk.content().bytes() == 0) {
      throw new MalformedFrameException("chunk", "has no bytes that a group could write");
    }
    long request = wire.getRequest();
    long deadline = deadline(wire.getTimeoutNanos());
    later(
        () -> {
          SenderEntry sender = sender(request, wire.getRegistration());
          if (sender == null || !hasRoom(request, joined.size())) {
            return;
          }
          Joined part = new Joined(sender, chunk.dataId(), chunk.index());
          joined.put(request, part);
          exchange
              .gatherings()
              .join(
                  sender.group(),
                  sender.rank(),
                  sender.members(),
                  exchange.membersOf(sender.group()),
                  sender.sharded(),
                  sender.slotBytes(),
                  chunk,
                  deadline,
                  participant(request, part));
          exchange.serveLater();
        });
  }

  private Gatherings.Participant participant(long request, Joined joining) {
    return new Gatherings.Participant() {
      @Override
      public void write(int part, Slot slot, long from, long to) {
        joining.asked(slot);
        reply(
            SidecarReply.newBuilder()
                .setWritePart(
                    WritePart.newBuilder()
                        .setRequest(request)
                        .setPart(part)
                        .setSlot(toWire(slot.handle()))
                        .setFrom(from)
                        .setTo(to)));
      }

      @Override
      public void finish(Optional<Failure> failure) {
        joining.finished = true;
        if (joining.writing == 0) {
          joined.remove(request, joining);
        }
        SidecarStream.this.finish(request, failure);
      }

      @Override
      public void whenQuiet(Runnable task) {
        if (joining.writing == 0 || gone) {
          task.run();
        } else {
          joining.whenQuiet.add(task);
        }
      }
    };
  }

  private void written(long request, int part) {
    Joined chunk = joined.get(request);
    if (chunk == null) {
      return;
    }
    if (chunk.writing > 0) {
      chunk.writing--;
    }
    if (chunk.writing == 0) {
      chunk.quiet();
    }
    if (!chunk.finished) {
      SenderEntry sender = chunk.sender;
      exchange.gatherings().written(sender.group(), chunk.dataId, chunk.index, sender.rank(), part);
    } else if (chunk.writing == 0) {
      joined.remove(request);
    }
  }

  private void closeStream(CloseStream wire) throws MalformedFrameException {
    String dataId = ExchangeCodec.nameFromWire(wire.getDataId(), wire.getDataIdBytes(), "data_id");
    int count = wire.getCount();
    if (count < 0) {
      throw new MalformedFrameException("count", Integer.toUnsignedString(count));
    }
    List<Destination> destinations = DestinationCodec.listFromWire(wire.getDestinationsList());
    long request = wire.getRequest();
    long deadline = deadline(wire.getTimeoutNanos());
    later(
        () -> {
          if (sender(request, wire.getRegistration()) != null) {
            exchange.closeStream(
                dataId, count, destinations, deadline, failure -> finish(request, failure));
          }
        });
  }

  private @Nullable SenderEntry sender(long request, long registration) {
    SenderEntry sender = senders.get(registration);
    if (sender == null) {
      fail(
          request,
          Failure.Reason.FAILED_PRECONDITION,
          "no sender is registered as %d".formatted(registration));
    }
    return sender;
  }

  private static ChunkHeader chunk(boolean present, io.baton.proto.v1.Chunking wire)
      throws MalformedFrameException {
    if (!present) {
      throw new MalformedFrameException("chunk", "missing");
    }
    try {
      return ChunkingCodec.fromWire(wire);
    } catch (MalformedFrameException e) {
      throw e.in("chunk");
    }
  }

  // ---- receiving

  private void receive(Receive wire) throws MalformedFrameException {
    String dataId = ExchangeCodec.nameFromWire(wire.getDataId(), wire.getDataIdBytes(), "data_id");
    checkIndex(wire.getIndex());
    long deadline = deadline(wire.getTimeoutNanos());
    later(
        () -> {
          long request = wire.getRequest();
          ReaderEntry reader = readers.get(wire.getRegistration());
          if (reader == null) {
            fail(
                request,
                Failure.Reason.FAILED_PRECONDITION,
                "no reader is registered as %d".formatted(wire.getRegistration()));
          } else if (hasRoom(request, receiving.size())) {
            receive(wire, reader, new DataId(reader.group(), dataId), deadline);
          }
        });
  }

  private void receive(Receive wire, ReaderEntry reader, DataId id, long deadline) {
    long request = wire.getRequest();
    long registration = wire.getRegistration();
    boolean[] answered = {false};
    long number =
        exchange.receive(
            id,
            reader.reader(),
            wire.getIndex(),
            deadline,
            answer -> {
              answered[0] = true;
              receiving.remove(request);
              answer(request, answer);
            });
    if (!answered[0]) {
      receiving.put(request, new Receiving(registration, id, number));
    }
  }

  private static void checkIndex(int index) throws MalformedFrameException {
    if (index < 0) {
      throw new MalformedFrameException(
          "index", Integer.toUnsignedString(index) + " is beyond " + Integer.MAX_VALUE);
    }
  }

  private void answer(long request, Exchange.ReceiveAnswer answer) {
    switch (answer) {
      case Exchange.ReceiveAnswer.Chunk(StoredChunk chunk) -> received(request, chunk);
      case Exchange.ReceiveAnswer.End(int count) ->
          reply(
              SidecarReply.newBuilder()
                  .setEndOfStream(EndOfStream.newBuilder().setRequest(request).setCount(count)));
      case Exchange.ReceiveAnswer.Failed(Failure failure) -> fail(request, failure);
    }
  }

  private void received(long request, StoredChunk chunk) {
    StoredChunk.Label label = chunk.label();
    Received.Builder received =
        Received.newBuilder()
            .setRequest(request)
            .setContent(ContentCodec.toWire(label.content()))
            .addAllNextPeers(label.nextPeers());
    label.count().ifPresent(received::setCount);
    switch (chunk) {
      case StoredChunk.Inline inline -> received.setInline(inline.body());
      case StoredChunk.Pooled pooled -> received.setSlot(toWire(pooled.slot().handle()));
      case StoredChunk.Foreign foreign ->
          received
              .setSlot(toWire(foreign.handle()))
              .setPool(
                  ExchangeCodec.toWire(
                      new PoolAddress(foreign.pool().path().toString(), foreign.pool().id())));
    }
    reply(SidecarReply.newBuilder().setReceived(received));
  }

  private void markDone(MarkDone wire) throws MalformedFrameException {
    String dataId = ExchangeCodec.nameFromWire(wire.getDataId(), wire.getDataIdBytes(), "data_id");
    checkIndex(wire.getIndex());
    later(
        () -> {
          ReaderEntry reader = readers.get(wire.getRegistration());
          if (reader != null) {
            exchange.markDone(new DataId(reader.group(), dataId), reader.reader(), wire.getIndex());
          }
        });
  }

  private void letGo(LetGo wire) throws MalformedFrameException {
    String dataId = ExchangeCodec.nameFromWire(wire.getDataId(), wire.getDataIdBytes(), "data_id");
    checkIndex(wire.getIndex());
    later(
        () -> {
          ReaderEntry reader = readers.get(wire.getRegistration());
          if (reader != null) {
            exchange.letGo(new DataId(reader.group(), dataId), reader.reader(), wire.getIndex());
          }
        });
  }

  /** The process says so, and wants to know whether a chunk was on its way. */
  private void cancelled(long request) {
    boolean nothingCame = receiving.containsKey(request);
    cancel(request);
    if (nothingCame) {
      fail(request, Failure.Reason.CANCELLED, "whoever asked no longer waits");
    }
  }

  private void cancel(long request) {
    Receiving waiting = receiving.remove(request);
    if (waiting != null) {
      exchange.cancelReceive(waiting.id(), waiting.request());
    }
    settled(request);
    Joined chunk = joined.remove(request);
    if (chunk != null) {
      chunk.quiet();
      SenderEntry sender = chunk.sender;
      exchange.gatherings().withdraw(sender.group(), chunk.dataId, chunk.index, sender.rank());
    }
  }

  // ---- replies

  private boolean hasRoom(long request, int underWay) {
    if (receiving.containsKey(request)
        || allocating.containsKey(request)
        || joined.containsKey(request)) {
      end(
          Status.INVALID_ARGUMENT,
          "request %s is under way already".formatted(Long.toUnsignedString(request)));
      return false;
    }
    if (underWay >= MAX_UNDER_WAY) {
      fail(
          request,
          Failure.Reason.RESOURCE_EXHAUSTED,
          "%d requests of this process are under way".formatted(underWay));
      return false;
    }
    return true;
  }

  private static long deadline(long timeoutNanos) throws MalformedFrameException {
    if (timeoutNanos < 0) {
      throw new MalformedFrameException(
          "timeout_nanos", Long.toUnsignedString(timeoutNanos) + " is beyond " + Long.MAX_VALUE);
    }
    return System.nanoTime() + Math.min(timeoutNanos, MAX_TIMEOUT_NANOS);
  }

  private static io.baton.proto.v1.SlotHandle toWire(SlotHandle handle) {
    return ExchangeCodec.slotToWire(handle.pool(), handle.offset(), handle.generation());
  }

  private void registered(long request) {
    reply(SidecarReply.newBuilder().setRegistered(Registered.newBuilder().setRequest(request)));
  }

  private void finish(long request, Optional<Failure> failure) {
    failure.ifPresentOrElse(
        why -> fail(request, why),
        () -> reply(SidecarReply.newBuilder().setSent(Sent.newBuilder().setRequest(request))));
  }

  private void fail(long request, Failure.Reason reason, String message) {
    fail(request, new Failure(reason, message));
  }

  private void fail(long request, Failure failure) {
    reply(
        SidecarReply.newBuilder()
            .setFailed(
                RequestFailed.newBuilder()
                    .setRequest(request)
                    .setFailure(FailureCodec.toWire(failure))));
  }

  /** A process that does not read its replies would wait for them for ever. */
  private void reply(SidecarReply.Builder reply) {
    if (!replies.offer(reply.build()) && !ended.get()) {
      end(Status.RESOURCE_EXHAUSTED, "the process does not read its replies");
    }
  }

  private final class RepliesEnded implements SenderListener {

    @Override
    public void onDropped(int groups) {}

    @Override
    public void onEnded(Optional<Throwable> cause) {
      cause.ifPresent(error -> lose(String.valueOf(error.getMessage())));
    }
  }
}
