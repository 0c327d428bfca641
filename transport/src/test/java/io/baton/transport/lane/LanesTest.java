package io.baton.transport.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.session.FairShare;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Ticket;
import io.baton.transport.Payloads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LanesTest {

  private static final LanesConfig CONFIG =
      new LanesConfig(3, Duration.ofMinutes(10), Duration.ofSeconds(10));
  private static final Push PUSH = Pushes.of(1, 1, Payloads.ofBytes(1, 10));

  /** Takes everything and carries nothing. */
  private static final class Sink implements Lane {

    private final AtomicLong pushed = new AtomicLong();
    private volatile LaneState state = LaneState.READY;

    @Override
    public LaneKind kind() {
      return LaneKind.LOCAL;
    }

    @Override
    public boolean push(Push push, StageRole receiver) {
      return state == LaneState.READY && pushed.incrementAndGet() > 0;
    }

    @Override
    public LaneState state() {
      return state;
    }

    @Override
    public LaneStats stats() {
      return new LaneStats(pushed.get(), 0, 0, 0, 0, pushed.get() * 10, 0, 0, 0);
    }

    @Override
    public Optional<RelayId> remote() {
      return Optional.empty();
    }

    @Override
    public Optional<String> lastFailure() {
      return Optional.empty();
    }

    @Override
    public Optional<String> trouble() {
      return Optional.empty();
    }

    @Override
    public void close() {
      state = LaneState.CLOSED;
    }
  }

  private final List<String> opened = Collections.synchronizedList(new ArrayList<>());
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000_000);
  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private final Lanes lanes = new Lanes(this::open, CONFIG, FairShare.WHOLE, nanos::get, timer);
  private final Lanes.User user = lanes.user("client");

  private Lane open(String address) {
    if (address.startsWith("bad")) {
      throw new IllegalArgumentException(address);
    }
    opened.add(address);
    return new Sink();
  }

  @AfterEach
  void close_closesEveryLane() {
    List<Lane> open = List.copyOf(lanes.open().values());
    lanes.close();
    lanes.close();
    assertThat(open).allMatch(lane -> lane.state() == LaneState.CLOSED);
    assertThat(lanes.open()).isEmpty();
    assertThat(push("host:9")).isFalse();
    assertThat(lanes.open()).isEmpty();
    timer.shutdownNow();
  }

  private boolean push(String address) {
    return user.push(peer(address), PUSH, StageRole.ACTIVE);
  }

  private static Peer peer(String address) {
    return new Peer(new RelayId("b", 1), address, new Ticket(new byte[] {1}));
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void config_defaults() {
    assertThat(LanesConfig.DEFAULT)
        .isEqualTo(new LanesConfig(256, Duration.ofMinutes(10), Duration.ofSeconds(10)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LanesConfig(0, Duration.ofSeconds(1), Duration.ZERO));
  }

  @Test
  void push_opensOneLaneForEachAddress() {
    for (int i = 0; i < 3; i++) {
      assertThat(push("host:1")).isTrue();
      assertThat(push("host:2")).isTrue();
    }
    assertThat(opened).containsExactly("host:1", "host:2");
    assertThat(lanes.stats()).isEqualTo(new LaneStats(6, 0, 0, 0, 0, 60, 0, 0, 0));
  }

  @Test
  void push_byManyThreadsOpensOneLane() {
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 100; i++) {
        pool.execute(() -> push("host:1"));
      }
    }
    assertThat(opened).containsExactly("host:1");
    assertThat(lanes.stats().pushed()).isEqualTo(100);
  }

  @Test
  void prepare_opensBeforeThereIsAnythingToPush() {
    user.prepare(peer("host:1"));
    assertThat(opened).containsExactly("host:1");
    assertThat(lanes.lane("host:1")).isPresent();
    assertThat(lanes.lane("host:2")).isEmpty();
  }

  @Test
  void push_toWhatIsNoAddressIsShedAndCounted() {
    assertThat(push("bad")).isFalse();
    assertThat(user.push(peer("bad"), PUSH, StageRole.STANDBY)).isFalse();
    assertThat(lanes.stats()).isEqualTo(new LaneStats(0, 1, 0, 1, 0, 0, 0, 0, 0));
  }

  @Test
  void idleLanes_areClosedAndOpenedAgainWhenNeeded() {
    push("host:1");
    pass(Duration.ofMinutes(9));
    push("host:2");
    lanes.closeIdle();
    assertThat(lanes.open()).containsOnlyKeys("host:1", "host:2");
    pass(Duration.ofMinutes(1));
    lanes.closeIdle();
    assertThat(lanes.open()).containsOnlyKeys("host:2");
    assertThat(push("host:1")).isTrue();
    assertThat(lanes.stats().pushed()).as("the closed lane's count").isEqualTo(3);
  }

  @Test
  void fullRegistry_shedsWhileAllAreInUse() {
    push("host:1");
    push("host:2");
    push("host:3");
    pass(Duration.ofSeconds(9));
    assertThat(push("host:4")).isFalse();
    assertThat(lanes.open()).containsOnlyKeys("host:1", "host:2", "host:3");
    assertThat(lanes.stats().shed()).isEqualTo(1);
  }

  @Test
  void fullRegistry_closesTheLaneThatIsIdleLongest() {
    push("host:1");
    push("host:2");
    push("host:3");
    pass(Duration.ofSeconds(9));
    push("host:1");
    push("host:3");
    pass(Duration.ofSeconds(1));
    assertThat(push("host:4")).isTrue();
    assertThat(lanes.open()).containsOnlyKeys("host:1", "host:3", "host:4");
  }

  private static boolean push(Lanes.User by, String address) {
    return by.push(peer(address), PUSH, StageRole.ACTIVE);
  }

  private Sink sink(String address) {
    return (Sink) lanes.lane(address).orElseThrow();
  }

  @Test
  void user_whoLeaves_leavesNoLaneThatIsNotConnected() {
    push("host:1");
    push("host:2");
    sink("host:2").state = LaneState.BACKOFF;
    user.close();
    user.close();
    assertThat(lanes.open()).containsOnlyKeys("host:1");
    assertThat(push("host:1")).as("of a session that is over").isFalse();

    sink("host:1").state = LaneState.BACKOFF;
    lanes.closeIdle();
    assertThat(lanes.open()).isEmpty();
  }

  @Test
  void user_whoLeaves_leavesALaneToOthersWhoUseIt() {
    Lanes.User other = lanes.user("other");
    push("host:1");
    push(other, "host:1");
    sink("host:1").state = LaneState.BACKOFF;
    user.close();
    assertThat(lanes.open()).containsOnlyKeys("host:1");
    other.close();
    assertThat(lanes.open()).isEmpty();
  }

  @Test
  void user_whoNamesOneAddressAfterTheOther_hasFew() {
    Lanes many =
        new Lanes(
            this::open,
            new LanesConfig(100, Duration.ofMinutes(10), Duration.ofSeconds(10)),
            FairShare.WHOLE,
            nanos::get,
            timer);
    Lanes.User scanner = many.user("scanner");
    for (int port = 1; port <= 50; port++) {
      scanner.prepare(peer("host:" + port));
      ((Sink) many.lane("host:" + port).orElseThrow()).state = LaneState.CONNECTING;
    }
    assertThat(many.open()).hasSize(Lanes.LANES_EACH).containsKey("host:50");
    many.close();
  }

  @Test
  void lanes_ofAGreedyClient_leaveRoomForOthers() {
    Lanes shared =
        new Lanes(
            this::open,
            new LanesConfig(20, Duration.ofMinutes(10), Duration.ofSeconds(10)),
            new FairShare(4),
            nanos::get,
            timer);
    int opened = 0;
    for (int i = 0; i < 40; i++) {
      opened += push(shared.user("greedy"), "host:" + i) ? 1 : 0;
    }
    assertThat(opened).isEqualTo(16);
    assertThat(push(shared.user("other"), "other:1")).isTrue();
    assertThat(shared.stats().shed()).isEqualTo(24);
    shared.close();
  }

  @Test
  void fullRegistry_closesALaneThatNobodyUsesFirst() {
    push("host:1");
    push("host:2");
    user.close();
    Lanes.User other = lanes.user("other");
    push(other, "host:3");
    assertThat(push(other, "host:4")).isTrue();
    assertThat(lanes.open()).hasSize(3).containsKeys("host:3", "host:4");
  }
}
