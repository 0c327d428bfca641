package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.v1.ProcessFrame;
import io.baton.relay.exchange.SidecarRequest.Sender;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.DataId;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Reader;
import io.baton.transport.TimerWheel.Timer;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process of this host that sends and receives: what it has registered, allocated and received is
 * its own, and given back when its connection ends, however it ends. Any thread may call; all it
 * holds is touched in the exchange's loop alone.
 */
public final class Sidecar {

  private static final Logger log = LoggerFactory.getLogger(Sidecar.class);

  private static final int MAX_REGISTRATIONS = 4096;
  private static final int MAX_UNDER_WAY = 1 << 16;

  private record ReaderEntry(String group, Reader reader) {}

  private record Receiving(long registration, DataId id, long request) {}

  private record Allocating(long registration, RoomQueue.Request request, Timer due) {}

  /** A chunk that this process writes a part of. */
  private static final class Joined {
    final Sender sender;
    final String dataId;
    final int index;
    final List<Runnable> whenQuiet = new ArrayList<>();
    private @Nullable Slot slot;
    int writing;
    boolean finished;

    Joined(Sender sender, String dataId, int index) {
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

  /** Ends a process's connection. */
  @FunctionalInterface
  public interface Ending {
    void end(Status status, String why);
  }

  private final Exchange exchange;
  private final String name;
  private final SidecarReplies replies;
  private final Ending ending;

  // Below: only in the loop.
  private final Map<Long, Sender> senders = new HashMap<>();

  /** Those whose rank another process had when they last asked for it. */
  private final Map<Long, Sender> contested = new HashMap<>();

  private final Map<Long, ReaderEntry> readers = new HashMap<>();
  private final Map<SlotHandle, Slot> allocated = new HashMap<>();
  private final Map<Long, Receiving> receiving = new HashMap<>();
  private final Map<Long, Allocating> allocating = new HashMap<>();
  private final Map<Long, Joined> joined = new HashMap<>();
  private boolean left;
  private boolean gone;

  /**
   * @param name what the process calls itself
   * @param ending ends its connection, with what it is told of that
   */
  Sidecar(Exchange exchange, String name, SidecarReplies replies, Ending ending) {
    this.exchange = exchange;
    this.name = name;
    this.replies = replies;
    this.ending = ending;
  }

  /**
   * Serves a request.
   *
   * @throws MalformedFrameException for what no right process says; its connection is to end
   */
  public void take(ProcessFrame frame) throws MalformedFrameException {
    SidecarRequest request = SidecarRequestCodec.fromWire(frame, System.nanoTime());
    later(() -> serve(request));
  }

  /** Registrations to read; to be asked in the loop. */
  int readers() {
    return readers.size();
  }

  /** The process has left its memory, in good order, and is lost next. */
  public void left() {
    later(() -> left = true);
  }

  /** The process is gone: all that was its own is given back. Once. */
  public void lost(String why) {
    exchange.inLoop(
        () -> {
          exchange.gone(this);
          giveBack(why);
        });
  }

  private void giveBack(String why) {
    gone = true;
    log.debug("process {} is detached: {}", name, why);
    each(receiving.keySet(), this::cancel);
    each(allocating.keySet(), this::cancel);
    // A process that has left has left its memory first; any other may still be writing.
    each(
        joined.values(),
        part ->
            part.slot().filter(_ -> !left && part.writing > 0).ifPresent(exchange::keepFromOthers));
    each(readers.keySet(), this::unregister);
    each(senders.keySet(), this::unregister);
    each(
        allocated.values(),
        slot -> {
          if (!left) {
            exchange.keepFromOthers(slot);
          }
          exchange.release(slot);
        });
    allocated.clear();
    each(joined.values(), Joined::quiet);
    joined.clear();
  }

  /** Whatever goes wrong with one, the others are given back. */
  private <T> void each(Collection<T> these, Consumer<T> task) {
    List.copyOf(these).forEach(one -> guarded(() -> task.accept(one)));
  }

  private void serve(SidecarRequest request) {
    switch (request) {
      case SidecarRequest.RegisterSender register -> registerSender(register);
      case SidecarRequest.RegisterReader register -> registerReader(register);
      case SidecarRequest.Unregister(long registration) -> unregister(registration);
      case SidecarRequest.Allocate allocate -> allocate(allocate);
      case SidecarRequest.Discard(SlotHandle slot) -> discard(slot);
      case SidecarRequest.SendSlot send -> send(send);
      case SidecarRequest.SendInline send -> send(send);
      case SidecarRequest.Join join -> join(join);
      case SidecarRequest.Written(long number, int part) -> written(number, part);
      case SidecarRequest.CloseStream close -> closeStream(close);
      case SidecarRequest.Receive receive -> receive(receive);
      case SidecarRequest.Cancel(long number) -> cancelled(number);
      case SidecarRequest.MarkDone done -> markDone(done);
      case SidecarRequest.LetGo letGo -> letGo(letGo);
    }
  }

  private void later(Runnable task) {
    exchange.inLoop(
        () -> {
          if (!gone) {
            guarded(task);
          }
        });
  }

  /** A bug: what it touched is this process's, and is given back with its stream. */
  private void guarded(Runnable task) {
    Bugs.contain(name, task, bug -> ending.end(Status.INTERNAL, "an error in the relay: " + bug));
  }

  // ---- registrations

  private void registerSender(SidecarRequest.RegisterSender register) {
    long request = register.request();
    if (!isFree(request, register.registration())) {
      return;
    }
    contested.put(register.registration(), register.sender());
    if (sender(request, register.registration()) != null) {
      replies.registered(request);
    }
  }

  /** Takes the rank that was asked for, unless another has it still. */
  private @Nullable Sender contend(long request, long registration, Sender sender) {
    Exchange.Seat holder =
        exchange.registerSender(sender.group(), sender.rank(), name).orElse(null);
    if (holder != null) {
      replies.fail(
          request,
          Failure.Reason.CONFLICT,
          "rank %d of %s is held by the process %s since %s: send as another, or wait until it has"
                  .formatted(sender.rank(), sender.group(), holder.process(), holder.since())
              + " gone");
      return null;
    }
    contested.remove(registration);
    senders.put(registration, sender);
    return sender;
  }

  private void registerReader(SidecarRequest.RegisterReader register) {
    if (isFree(register.request(), register.registration())) {
      Reader reader = new Reader(exchange.newRegistration(), register.rank());
      readers.put(register.registration(), new ReaderEntry(register.group(), reader));
      replies.registered(register.request());
    }
  }

  private boolean isFree(long request, long registration) {
    if (senders.containsKey(registration)
        || contested.containsKey(registration)
        || readers.containsKey(registration)) {
      replies.fail(
          request, Failure.Reason.CONFLICT, "registration %d is in use".formatted(registration));
      return false;
    }
    if (senders.size() + contested.size() + readers.size() >= MAX_REGISTRATIONS) {
      replies.fail(
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
      exchange.readerGone(reader.reader().registration());
    }
    contested.remove(registration);
    Sender sender = senders.remove(registration);
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
      replies.fail(request, Failure.Reason.CANCELLED, "whoever asked has unregistered");
    }
  }

  // ---- sending

  private void allocate(SidecarRequest.Allocate wanted) {
    long request = wanted.request();
    Sender sender = sender(request, wanted.registration());
    if (sender == null || !hasRoom(request, allocating.size() + allocated.size())) {
      return;
    }
    RoomQueue.Outcome outcome =
        exchange
            .room()
            .ask(
                wanted.bytes(),
                sender.slotBytes(),
                wanted.holder(),
                slot -> {
                  allocated.put(slot.handle(), slot);
                  guarded(
                      () -> {
                        settled(request);
                        replies.allocated(request, slot);
                      });
                });
    switch (outcome) {
      case RoomQueue.Outcome.Served() -> {}
      case RoomQueue.Outcome.Waits(var waiting) -> {
        Timer due = exchange.deadlines().at(wanted.deadline(), () -> guarded(() -> noRoom(wanted)));
        allocating.put(request, new Allocating(wanted.registration(), waiting, due));
        exchange.serveLater();
      }
      case RoomQueue.Outcome.Refused(Failure failure) -> replies.fail(request, failure);
    }
  }

  private void noRoom(SidecarRequest.Allocate wanted) {
    if (settled(wanted.request())) {
      replies.fail(
          wanted.request(),
          Failure.Reason.RESOURCE_EXHAUSTED,
          "no room for %d bytes for %s in time: %s"
              .formatted(wanted.bytes(), wanted.holder(), exchange.room().occupancy()));
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

  private void send(SidecarRequest.SendInline send) {
    long request = send.request();
    if (sender(request, send.registration()) != null) {
      exchange.send(
          send.chunk(),
          null,
          send.bytes(),
          send.deadline(),
          failure -> guarded(() -> replies.finish(request, failure)));
    }
  }

  private void send(SidecarRequest.SendSlot send) {
    long request = send.request();
    ChunkHeader chunk = send.chunk();
    Slot slot = allocated.remove(send.slot());
    if (slot == null) {
      replies.fail(
          request,
          Failure.Reason.GONE,
          "the memory %s is not this process's".formatted(send.slot()));
    } else if (slot.bytes() != chunk.content().bytes()) {
      exchange.release(slot);
      replies.fail(
          request,
          Failure.Reason.INVALID_ARGUMENT,
          "%s in %d bytes of memory".formatted(chunk.content(), slot.bytes()));
    } else if (sender(request, send.registration()) == null) {
      exchange.release(slot);
    } else {
      exchange.send(
          chunk,
          slot,
          ByteString.EMPTY,
          send.deadline(),
          failure -> guarded(() -> replies.finish(request, failure)));
    }
  }

  private void join(SidecarRequest.Join join) {
    long request = join.request();
    Sender sender = sender(request, join.registration());
    if (sender == null || !hasRoom(request, joined.size())) {
      return;
    }
    ChunkHeader chunk = join.chunk();
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
            join.deadline(),
            participant(request, part));
    exchange.serveLater();
  }

  private Gatherings.Participant participant(long request, Joined joining) {
    return new Gatherings.Participant() {
      @Override
      public void write(int part, Slot slot, long from, long to) {
        joining.asked(slot);
        replies.writePart(request, part, slot, from, to);
      }

      @Override
      public void finish(Optional<Failure> failure) {
        joining.finished = true;
        if (joining.writing == 0) {
          joined.remove(request, joining);
        }
        replies.finish(request, failure);
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
      Sender sender = chunk.sender;
      exchange.gatherings().written(sender.group(), chunk.dataId, chunk.index, sender.rank(), part);
    } else if (chunk.writing == 0) {
      joined.remove(request);
    }
  }

  private void closeStream(SidecarRequest.CloseStream close) {
    long request = close.request();
    if (sender(request, close.registration()) != null) {
      exchange.closeStream(
          close.dataId(),
          close.count(),
          close.destinations(),
          close.deadline(),
          failure -> guarded(() -> replies.finish(request, failure)));
    }
  }

  private @Nullable Sender sender(long request, long registration) {
    Sender sender = senders.get(registration);
    if (sender != null) {
      return sender;
    }
    Sender waiting = contested.get(registration);
    if (waiting != null) {
      return contend(request, registration, waiting);
    }
    replies.fail(
        request,
        Failure.Reason.FAILED_PRECONDITION,
        "no sender is registered as %d".formatted(registration));
    return null;
  }

  // ---- receiving

  private void receive(SidecarRequest.Receive receive) {
    long request = receive.request();
    long registration = receive.registration();
    ReaderEntry reader = readers.get(registration);
    if (reader == null) {
      replies.fail(
          request,
          Failure.Reason.FAILED_PRECONDITION,
          "no reader is registered as %d".formatted(registration));
      return;
    }
    if (!hasRoom(request, receiving.size())) {
      return;
    }
    DataId id = new DataId(reader.group(), receive.dataId());
    boolean[] answered = {false};
    long number =
        exchange.receive(
            id,
            reader.reader(),
            receive.index(),
            receive.deadline(),
            answer -> {
              answered[0] = true;
              receiving.remove(request);
              guarded(() -> answer(request, answer));
            });
    if (!answered[0]) {
      receiving.put(request, new Receiving(registration, id, number));
    }
  }

  private void answer(long request, Exchange.ReceiveAnswer answer) {
    switch (answer) {
      case Exchange.ReceiveAnswer.Chunk(StoredChunk chunk) -> replies.received(request, chunk);
      case Exchange.ReceiveAnswer.End(int count) -> replies.endOfStream(request, count);
      case Exchange.ReceiveAnswer.Failed(Failure failure) -> replies.fail(request, failure);
    }
  }

  private void markDone(SidecarRequest.MarkDone done) {
    ReaderEntry reader = readers.get(done.registration());
    if (reader != null) {
      DataId id = new DataId(reader.group(), done.dataId());
      exchange.markDone(id, reader.reader(), done.index());
    }
  }

  private void letGo(SidecarRequest.LetGo letGo) {
    ReaderEntry reader = readers.get(letGo.registration());
    if (reader != null) {
      DataId id = new DataId(reader.group(), letGo.dataId());
      exchange.letGo(id, reader.reader(), letGo.index());
    }
  }

  /** The process says so, and wants to know whether a chunk was on its way. */
  private void cancelled(long request) {
    boolean nothingCame = receiving.containsKey(request);
    cancel(request);
    if (nothingCame) {
      replies.fail(request, Failure.Reason.CANCELLED, "whoever asked no longer waits");
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
      Sender sender = chunk.sender;
      exchange.gatherings().withdraw(sender.group(), chunk.dataId, chunk.index, sender.rank());
    }
  }

  private boolean hasRoom(long request, int underWay) {
    if (receiving.containsKey(request)
        || allocating.containsKey(request)
        || joined.containsKey(request)) {
      ending.end(
          Status.INVALID_ARGUMENT,
          "request %s is under way already".formatted(Long.toUnsignedString(request)));
      return false;
    }
    if (underWay >= MAX_UNDER_WAY) {
      replies.fail(
          request,
          Failure.Reason.RESOURCE_EXHAUSTED,
          "%d requests of this process are under way".formatted(underWay));
      return false;
    }
    return true;
  }
}
