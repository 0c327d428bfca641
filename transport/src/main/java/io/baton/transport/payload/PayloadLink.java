package io.baton.transport.payload;

import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.v1.Sharing;
import io.baton.session.model.Payload;
import io.baton.transport.LaneKind;
import io.baton.transport.Room;
import io.baton.transport.Share;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * One end of one stream on which payloads travel, by handle if both ends can and in messages if
 * not: see {@link PayloadMemory}. It sends through whoever owns the stream, who puts {@link #news}
 * into every frame that goes out, and gives what comes in to {@link #take} before the rest of its
 * frame. Any thread may send; {@link #take}, the assembler and {@link #close} are the stream's.
 */
public final class PayloadLink implements AutoCloseable {

  private final PayloadMemory memory;
  private final PayloadOutbox outbox;
  private final PayloadInbox inbox;
  private final Consumer<Sharing> report;

  PayloadLink(PayloadMemory memory, PayloadOutbox outbox, Consumer<Sharing> report) {
    this.memory = memory;
    this.outbox = outbox;
    this.inbox = new PayloadInbox(memory);
    this.report = report;
  }

  /** Names the holder of what is sent from now on, when more is known of the other end. */
  public void heldBy(String name) {
    outbox.heldBy(name);
  }

  /** How payloads are sent, as long as there is room in the pool. */
  public LaneKind lane() {
    return outbox.lane();
  }

  /**
   * Announces the payload with its digest. If the frames are not sent, {@link #retract} is to be
   * called.
   *
   * @throws IllegalArgumentException if the payload has 2 GiB or more
   */
  public PayloadFrames frame(Payload payload) {
    return frame(payload, Share.ALL);
  }

  /** The same, if by handle with that share of what the stream may have in the pool. */
  public PayloadFrames frame(Payload payload, Share share) {
    return outbox.frame(payload, share);
  }

  /**
   * For the way between a relay and its own executor, where digests are not sent.
   *
   * @throws IllegalArgumentException if the payload has 2 GiB or more
   */
  public PayloadFrames frameWithoutDigest(Payload payload) {
    return outbox.frameWithoutDigest(payload);
  }

  /** What was framed is not sent. Not needed where the stream ends for it. */
  public void retract(PayloadFrames frames) {
    outbox.retract(frames);
  }

  /**
   * Puts the payloads together that come on this stream.
   *
   * @param maxBytes the most that one payload may have; a larger one is malformed
   * @param room what payloads that are being put together may take, on all streams
   */
  public PayloadAssembler assembler(long maxBytes, Room room) {
    return new PayloadAssembler(maxBytes, room, this);
  }

  /** What the next frame is to tell the other end. */
  public Optional<Sharing> news() {
    if (!outbox.hasNews() && !inbox.hasNews()) {
      return Optional.empty();
    }
    Sharing.Builder news = Sharing.newBuilder();
    boolean any = outbox.addNews(news);
    any |= inbox.addNews(news);
    return any ? Optional.of(news.build()) : Optional.empty();
  }

  /**
   * The frames, of which the first tells what there is to tell.
   *
   * @param with puts it into a frame
   */
  public <F> List<F> telling(List<F> frames, BiFunction<F, Sharing, F> with) {
    return news()
        .map(
            news -> {
              List<F> telling = new ArrayList<>(frames);
              telling.set(0, with.apply(frames.getFirst(), news));
              return telling;
            })
        .orElse(frames);
  }

  /** The frame with this news was not sent, and the stream goes on. */
  public void untold(Sharing news) {
    inbox.untold(news);
    memory.reportSoon(this);
  }

  /** Tells the other end now what there is to tell, in a frame of its own. */
  public void report() {
    news().ifPresent(report);
  }

  /**
   * Hears what the other end tells. If that is where its pool is, the next frame answers: whoever
   * has none to send says so by {@link #report}.
   *
   * @throws MalformedFrameException if it cannot be so: the stream must be ended
   */
  public void take(Sharing said) throws MalformedFrameException {
    inbox.take(said);
    outbox.take(said);
  }

  PayloadInbox inbox() {
    return inbox;
  }

  TrafficCounter received() {
    return memory.receivedCounter();
  }

  void consumed(long dataId, long bytes) {
    if (inbox.consumed(dataId, bytes)) {
      report();
    } else {
      memory.reportSoon(this);
    }
  }

  /**
   * The stream is over. The other end may be copying: it will find that the slot is gone.
   * Idempotent.
   */
  @Override
  public void close() {
    memory.forget(this);
    outbox.close();
    inbox.close();
  }
}
