package io.baton.transport.peer;

import io.baton.proto.codec.PushHead;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.transport.Share;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Keeps what arrives, and can be made to stall. */
public final class RecordingReceiver implements PushReceiver {

  /** Something that was dropped. */
  public record Drop(DropReason reason, String detail) {}

  private static final Duration MAX_STALL = Duration.ofSeconds(30);

  private final List<Push> pushes = Collections.synchronizedList(new ArrayList<>());
  private final List<RelayId> senders = Collections.synchronizedList(new ArrayList<>());
  private final List<Drop> drops = Collections.synchronizedList(new ArrayList<>());
  private volatile @Nullable CountDownLatch stall;
  private volatile boolean failNext;
  private volatile StageRole role = StageRole.ACTIVE;

  @Override
  public Optional<Share> wants(RelayId from, PushHead head) {
    return Optional.of(Share.of(role));
  }

  @Override
  public void onPush(RelayId from, Push push) {
    CountDownLatch latch = stall;
    if (latch != null) {
      awaitRelease(latch);
    }
    if (failNext) {
      failNext = false;
      throw new IllegalStateException("the receiver has failed, as it was told to");
    }
    senders.add(from);
    pushes.add(push);
  }

  @Override
  public void onDropped(DropReason reason, String detail) {
    drops.add(new Drop(reason, detail));
  }

  /** From now on every arrival blocks, until {@link #release}. */
  public void stall() {
    stall = new CountDownLatch(1);
  }

  /** From now on all sessions stand by. */
  public void standBy() {
    role = StageRole.STANDBY;
  }

  public void standByNoMore() {
    role = StageRole.ACTIVE;
  }

  /** The next arrival throws an exception. */
  public void failOnce() {
    failNext = true;
  }

  public void release() {
    CountDownLatch latch = stall;
    stall = null;
    if (latch != null) {
      latch.countDown();
    }
  }

  public List<Push> pushes() {
    synchronized (pushes) {
      return List.copyOf(pushes);
    }
  }

  public List<RelayId> senders() {
    synchronized (senders) {
      return List.copyOf(senders);
    }
  }

  public List<Drop> drops() {
    synchronized (drops) {
      return List.copyOf(drops);
    }
  }

  private static void awaitRelease(CountDownLatch latch) {
    try {
      if (!latch.await(MAX_STALL.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("stalled for " + MAX_STALL);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
