package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What goes by UCX has a way that something has got through, and everything else does not wait. */
class UcxPeersTest {

  private final List<UcxFailure> lost = new CopyOnWriteArrayList<>();

  @Test
  void way_whereNothingGetsThrough_isNeverReadyAndSaysSo() throws Exception {
    Ucx.assumeAvailable();
    UcxConfig config = Ucx.config("here", "tcp");
    try (BlackHole hole = BlackHole.open();
        UcxHub here = UcxHub.start(config);
        UcxHub there = UcxHub.start(config.named("there"))) {
      byte[] address = hole.address(there);
      try (UcxWay dead = here.way(address, Ucx.HERE, lost::add);
          UcxWay good = here.way(there.address(), Ucx.HERE, lost::add)) {
        // Whoever cannot be reached holds up nobody else.
        await().atMost(Duration.ofSeconds(2)).until(good::isReady);
        assertThat(dead.isReady()).isFalse();
        assertThat(dead.trouble()).isEmpty();
        await().atMost(Duration.ofSeconds(8)).until(() -> dead.trouble().isPresent());
        assertThat(dead.trouble())
            .contains("UCX to 127.0.0.1: no connection in 3 s; by gRPC instead");
        assertThat(dead.isReady()).isFalse();
        assertThat(good.isReady()).isTrue();
        await().until(() -> here.stats().connections() == 1);
      }
    }
    assertThat(lost).isEmpty();
  }

  @Test
  void way_thatIsLost_tellsEverybodyWhoUsesIt() throws Exception {
    Ucx.assumeAvailable();
    UcxConfig config = Ucx.config("here", "tcp");
    List<UcxFailure> lostToo = new CopyOnWriteArrayList<>();
    try (UcxHub here = UcxHub.start(config)) {
      UcxHub there = UcxHub.start(config.named("there"));
      try (UcxWay way = here.way(there.address(), Ucx.HERE, lost::add);
          UcxWay same = here.way(there.address(), Ucx.HERE, lostToo::add)) {
        await().until(() -> way.isReady() && same.isReady());
        assertThat(here.stats().connections()).isEqualTo(1);
        there.close();
        await().until(() -> !way.isReady() && !same.isReady());
        await().until(() -> lost.size() == 1 && lostToo.size() == 1);
        assertThat(way.trouble().orElseThrow()).endsWith("; by gRPC instead");
        assertThat(same.trouble()).isEqualTo(way.trouble());
      }
      // It is remembered although nobody uses it.
      try (UcxWay again = here.way(there.address(), Ucx.HERE, lost::add)) {
        assertThat(again.trouble()).isPresent();
      }
    }
  }

  @Test
  void way_thatFails_isTriedAgainAtAPaceThatGrowsToABound() throws Exception {
    AtomicLong now = new AtomicLong(-5);
    AtomicInteger attempts = new AtomicInteger();
    UcxPeers peers =
        new UcxPeers(
            (_, _, _) -> {
              attempts.incrementAndGet();
              throw new UcxConnectException(UcxConnectException.Reason.TOO_MANY, "no room");
            },
            now::get);
    List<Integer> seconds = new ArrayList<>();
    try (UcxWay way = peers.way(new byte[] {1}, InetAddress.getByName("192.0.2.9"), lost::add)) {
      assertThat(way.trouble()).contains("UCX to 192.0.2.9: no room; by gRPC instead");
      for (int second = 0; second < 3_000; second++) {
        int before = attempts.get();
        assertThat(way.isReady()).isFalse();
        if (attempts.get() > before) {
          seconds.add(second);
        }
        now.addAndGet(Duration.ofSeconds(1).toNanos());
      }
    }
    assertThat(seconds).containsExactly(10, 30, 70, 150, 310, 630, 1230, 1830, 2430);
    assertThat(lost).isEmpty();
  }
}
