package io.baton.transport.process;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.baton.proto.v1.Farewell;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.KeepAlive;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One end of a stream. What it hears is told in the loop; whoever has something to say writes it
 * himself, one at a time, and never waits: what the socket does not take is kept.
 *
 * @param <Q> what this end says
 * @param <A> what it hears
 */
final class SocketStream<Q extends MessageLite, A extends MessageLite>
    implements SocketLoop.Registered {

  private static final Logger log = LoggerFactory.getLogger(SocketStream.class);

  /** As of gRPC, whose messages these were. */
  static final int MAX_FRAME = 4 << 20;

  private static final int FIRST_BYTES = 8 << 10;
  private static final int KEPT_BYTES = 256 << 10;
  private static final int WRITE_BYTES = 128 << 10;

  /** How long the other end may take to read the last that it is told. */
  private static final Duration LINGER = Duration.ofSeconds(1);

  private static final int MAX_WORDS = 1000;

  /** Whom a stream tells; in the loop, one after the other. */
  interface Events<A> {

    void heard(A frame);

    /** More can be written than could be a moment ago. */
    void writable();

    /** The other end has said that nothing more comes. */
    void completed();

    /**
     * The stream is over. Called once, and nothing after it.
     *
     * @param status how: as the other end said, or CANCELLED if it is gone without a word
     * @param here whether this end has ended it
     */
    void ended(Status status, boolean here);
  }

  private final SocketLoop loop;
  private final SocketChannel channel;
  private final Dialect<Q, A> dialect;
  private final Events<A> events;
  private final FrameReader reader;

  // Below: under the stream's lock.
  private byte[] out = new byte[FIRST_BYTES];
  private int begin;
  private int end;
  private boolean connected;
  private boolean saturated;
  private boolean deaf;
  private @Nullable Status ending;
  private boolean cut;
  private boolean awaitsRoom;

  private volatile @Nullable SelectionKey key;

  // Below: only in the loop.
  private boolean heardFarewell;
  private boolean over;
  private @Nullable KeepAlive keepAlive;
  private long heardAtNanos = System.nanoTime();
  private boolean asked;
  private long lingersSinceNanos;
  private boolean lingers;

  SocketStream(SocketLoop loop, SocketChannel channel, Dialect<Q, A> dialect, Events<A> events) {
    this.loop = loop;
    this.channel = channel;
    this.dialect = dialect;
    this.events = events;
    this.reader = new FrameReader(MAX_FRAME, loop.partial());
  }

  // ---- in the loop

  /** The channel is connected: hears and says from now on. */
  void connected() throws IOException {
    if (over) {
      return;
    }
    key = channel.register(loop.selector(), SelectionKey.OP_READ, this);
    synchronized (this) {
      connected = true;
    }
    heardAtNanos = System.nanoTime();
    flushNow();
    events.writable();
  }

  /** The channel could not be connected. */
  void failed(Status why) {
    over(why, false);
  }

  /** Asks the other end whether it lives after some silence, or no longer does. */
  void keepAlive(@Nullable KeepAlive how) {
    keepAlive = how;
    asked = false;
  }

  @Override
  public void ready(SelectionKey ready) {
    if (ready.isWritable()) {
      flushNow();
    }
    if (!over && ready.isReadable()) {
      read();
    }
  }

  private void read() {
    ByteBuffer in = loop.scratch();
    int count;
    try {
      count = channel.read(in);
    } catch (IOException e) {
      log.debug("a socket broke", e);
      count = -1;
    }
    if (count < 0) {
      gone();
      return;
    }
    heardAtNanos = System.nanoTime();
    asked = false;
    try {
      reader.feed(in.flip(), this::take);
    } catch (FrameReader.RefusedException e) {
      end(Status.RESOURCE_EXHAUSTED.withDescription(e.getMessage()));
    }
  }

  /** The other end is gone, which one that was told to go need not announce. */
  private void gone() {
    Status here = ending();
    if (here != null && !here.isOk()) {
      over(here, true);
    } else {
      over(Status.CANCELLED.withDescription("the connection broke"), false);
    }
  }

  private void take(byte[] bytes, int offset, int length) {
    if (over || heardFarewell) {
      return;
    }
    A frame;
    try {
      frame = dialect.parser().parseFrom(bytes, offset, length);
    } catch (InvalidProtocolBufferException e) {
      frame = dialect.unreadable();
    }
    Optional<Farewell> farewell = dialect.farewellIn().apply(frame);
    if (farewell.isPresent()) {
      farewell(farewell.get());
    } else if (dialect.isPing().test(frame)) {
      write(dialect.pong());
      flush();
    } else if (!dialect.isPong().test(frame)) {
      events.heard(frame);
    }
  }

  private void farewell(Farewell farewell) {
    heardFarewell = true;
    if (farewell.getCode() != 0) {
      over(
          Status.fromCodeValue(farewell.getCode())
              .withDescription(shortened(farewell.getMessage())),
          false);
      return;
    }
    events.completed();
    // Over as soon as all that was said here, and the farewell after it, is on its way.
    flushNow();
    if (!over && ending() != null && keepAlive == null) {
      // Nothing else would end it if the other end did not read.
      linger();
    }
  }

  private static String shortened(String words) {
    return words.length() <= MAX_WORDS ? words : words.substring(0, MAX_WORDS);
  }

  @Override
  public void look(long now) {
    if (lingers && now - lingersSinceNanos > LINGER.toNanos()) {
      Status here = ending();
      over(here == null ? Status.CANCELLED : here, true);
      return;
    }
    KeepAlive how = keepAlive;
    if (how == null || over) {
      return;
    }
    long silent = now - heardAtNanos;
    if (asked && silent > how.interval().plus(how.timeout()).toNanos()) {
      String what = "no answer for %d s".formatted(Duration.ofNanos(silent).toSeconds());
      over(Status.UNAVAILABLE.withDescription(what), false);
    } else if (!asked && silent > how.interval().toNanos()) {
      asked = true;
      if (ending() == null) {
        write(dialect.ping());
        flush();
      }
    }
  }

  @Override
  public void abandon(String why) {
    over(Status.CANCELLED.withDescription(why), false);
  }

  private void over(Status status, boolean here) {
    if (over) {
      return;
    }
    over = true;
    synchronized (this) {
      cut = true;
      out = new byte[0];
      begin = 0;
      end = 0;
    }
    reader.close();
    if (key != null) {
      key.cancel();
    }
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("a socket did not close", e);
    }
    events.ended(status, here);
  }

  // ---- from any thread

  /** Whether the socket keeps up with what is written. */
  synchronized boolean isReady() {
    if (!connected || ending != null || cut) {
      return false;
    }
    saturated = end - begin >= FlowControlledSender.READY_BYTES;
    return !saturated;
  }

  /**
   * Says it after all that was said before, when it is flushed.
   *
   * @throws IllegalStateException if this end has ended the stream
   */
  synchronized void write(Q frame) {
    if (ending != null) {
      throw new IllegalStateException("the stream was ended: " + ending);
    }
    append(frame);
  }

  private void append(Q frame) {
    if (cut || deaf) {
      return;
    }
    int size = frame.getSerializedSize();
    int whole = FrameReader.PREFIX_BYTES + size;
    makeRoom(whole);
    ByteBuffer.wrap(out, end, FrameReader.PREFIX_BYTES).putInt(size);
    CodedOutputStream coded =
        CodedOutputStream.newInstance(out, end + FrameReader.PREFIX_BYTES, size);
    try {
      frame.writeTo(coded);
    } catch (IOException e) {
      throw new UncheckedIOException("an array takes what it has room for", e);
    }
    end += whole;
  }

  private void makeRoom(int bytes) {
    if (out.length - end >= bytes) {
      return;
    }
    int waiting = end - begin;
    byte[] into =
        out.length - waiting >= bytes
            ? out
            : new byte[Math.max(waiting + bytes, Math.min(2 * out.length, KEPT_BYTES))];
    System.arraycopy(out, begin, into, 0, waiting);
    out = into;
    begin = 0;
    end = waiting;
  }

  /** Sends what was written: now, or, in the loop, at the end of the turn. */
  void flush() {
    if (loop.isHere()) {
      loop.flushLater(this);
    } else {
      flushNow();
    }
  }

  void flushNow() {
    boolean writable;
    boolean done;
    synchronized (this) {
      if (!connected || cut) {
        return;
      }
      send();
      writable = saturated && end - begin < FlowControlledSender.READY_BYTES;
      if (writable) {
        saturated = false;
      }
      done = ending != null && end == begin;
    }
    if (writable) {
      told(events::writable);
    }
    if (done) {
      told(this::said);
    }
  }

  private void told(Runnable task) {
    if (loop.isHere()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /** Under the lock. */
  private void send() {
    if (end > begin) {
      try {
        // The channel copies what it is given, even if the socket takes a part of it.
        for (int part = -1, sent = -1; part == sent && begin < end; begin += sent) {
          part = Math.min(WRITE_BYTES, end - begin);
          sent = channel.write(ByteBuffer.wrap(out, begin, part));
        }
      } catch (IOException e) {
        // What the other end said before it went is still to be read, and then its end.
        log.debug("a socket takes nothing any more", e);
        deaf = true;
        begin = end;
      }
    }
    if (begin == end) {
      begin = 0;
      end = 0;
      if (out.length > KEPT_BYTES) {
        out = new byte[FIRST_BYTES];
      }
    }
    awaitRoom(end > 0);
  }

  /** Has the loop flush when the socket takes more, or no longer. */
  private void awaitRoom(boolean wanted) {
    SelectionKey registered = key;
    if (wanted == awaitsRoom || registered == null || !registered.isValid()) {
      return;
    }
    awaitsRoom = wanted;
    if (wanted) {
      registered.interestOpsOr(SelectionKey.OP_WRITE);
      if (!loop.isHere()) {
        loop.selector().wakeup();
      }
    } else {
      registered.interestOpsAnd(~SelectionKey.OP_WRITE);
    }
  }

  /** The last of this end is on its way. */
  private void said() {
    Status here = ending();
    if (over || here == null) {
      return;
    }
    if (heardFarewell || !here.isOk()) {
      over(here, true);
    }
  }

  private synchronized @Nullable Status ending() {
    return ending;
  }

  /**
   * Says that nothing more comes, and why; again does nothing. In good order the stream lasts until
   * the other end has said so, too; otherwise nothing more is heard, and it is over as soon as it
   * has been told.
   */
  void end(Status status) {
    synchronized (this) {
      if (ending != null || cut) {
        return;
      }
      append(
          dialect
              .farewell()
              .apply(
                  Farewell.newBuilder()
                      .setCode(status.getCode().value())
                      .setMessage(
                          shortened(status.getDescription() == null ? "" : status.getDescription()))
                      .build()));
      ending = status;
    }
    flushNow();
    if (!status.isOk()) {
      told(this::hearNoMore);
    }
  }

  private void hearNoMore() {
    reader.close();
    linger();
  }

  private void linger() {
    if (!over && !lingers) {
      lingers = true;
      lingersSinceNanos = System.nanoTime();
    }
  }

  /** Cuts the stream without a word. */
  void cut(Status why) {
    loop.execute(() -> over(why, true));
  }
}
