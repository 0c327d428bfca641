package io.baton.transport.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.baton.session.FairShare;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Ticket;
import io.baton.transport.LaneKind;
import io.baton.transport.Payloads;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.stream.StreamState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Links to a relay of many addresses, and to addresses where nobody listens. */
class PeerLinksTest {

  private static final PeerLinksConfig CONFIG =
      new PeerLinksConfig(3, Duration.ofMinutes(10), Duration.ofSeconds(10));
  private static final Push PUSH = Pushes.of(1, 1, Payloads.ofBytes(1, 10));
  private static final RelayId SELF = new RelayId("here", 1);

  private final List<String> opened = Collections.synchronizedList(new ArrayList<>());
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000_000);
  private PeerRig rig;
  private PeerLinks links;
  private PeerLinks.User user;

  @BeforeEach
  void open() throws Exception {
    rig = PeerRig.of(LaneKind.GRPC, Endpoint.tcp("0.0.0.0", 0), PeerLimits.DEFAULT);
    rig.start(
        new RelayId("there", 2), new RecordingReceiver(), new ChunkReceiver(rig.receiverPool()));
    links = links(CONFIG, FairShare.WHOLE);
    user = links.user("client");
  }

  private PeerLinks links(PeerLinksConfig config, FairShare share) {
    return new PeerLinks(this::open, config, share, nanos::get, rig.timer());
  }

  private PeerLink open(String address) {
    PeerLink link = rig.open(address, SELF, 1 << 20, Links.NO_CHUNKS);
    opened.add(address);
    return link;
  }

  /** One of many addresses at which the relay listens. */
  private String host(int number) {
    return "127.0.0.%d:%d".formatted(number, ((Endpoint.Tcp) rig.endpoint()).address().port());
  }

  /** Where nobody listens. */
  private static String nobody(int number) {
    return "127.0.0.%d:1".formatted(number);
  }

  private static PeerStats pushes(PeerStats.Pushes pushes) {
    return new PeerStats(pushes, PeerStats.NONE.chunks(), 0);
  }

  private PeerLinks.Open there(String address) {
    return Objects.requireNonNull(links.open().get(address));
  }

  private PeerLink link(String address) {
    return there(address).link();
  }

  private void awaitReady(String... addresses) {
    for (String address : addresses) {
      await().until(() -> link(address).state() == StreamState.READY);
    }
  }

  @AfterEach
  void close_closesEveryLink() {
    List<PeerLink> open = links.open().values().stream().map(PeerLinks.Open::link).toList();
    links.close();
    links.close();
    assertThat(open).allMatch(link -> link.state() == StreamState.CLOSED);
    assertThat(links.open()).isEmpty();
    assertThat(push(host(9))).isFalse();
    assertThat(links.hold(host(9))).isEmpty();
    assertThat(links.open()).isEmpty();
    rig.close();
    await().untilAsserted(() -> assertThat(rig.held()).isEmpty());
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
    assertThat(PeerLinksConfig.DEFAULT)
        .isEqualTo(new PeerLinksConfig(256, Duration.ofMinutes(10), Duration.ofSeconds(10)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PeerLinksConfig(0, Duration.ofSeconds(1), Duration.ZERO));
  }

  @Test
  void push_opensOneLinkForEachAddress() {
    for (int i = 0; i < 3; i++) {
      assertThat(push(host(1))).isTrue();
      assertThat(push(host(2))).isTrue();
    }
    assertThat(opened).containsExactly(host(1), host(2));
    assertThat(links.stats()).isEqualTo(pushes(new PeerStats.Pushes(6, 0, 0, 0, 0, 60, 0, 0)));
  }

  @Test
  void push_byManyThreadsOpensOneLink() {
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 100; i++) {
        pool.execute(() -> push(host(1)));
      }
    }
    assertThat(opened).containsExactly(host(1));
    assertThat(links.stats().pushes().sent()).isEqualTo(100);
  }

  @Test
  void prepare_opensBeforeThereIsAnythingToPush() {
    user.prepare(peer(host(1)));
    assertThat(opened).containsExactly(host(1));
    assertThat(links.open()).containsOnlyKeys(host(1));
  }

  @Test
  void push_toWhatIsNoAddressIsShedAndCounted() {
    assertThat(push("bad")).isFalse();
    assertThat(user.push(peer("bad"), PUSH, StageRole.STANDBY)).isFalse();
    assertThat(links.stats()).isEqualTo(pushes(new PeerStats.Pushes(0, 1, 0, 1, 0, 0, 0, 0)));
  }

  @Test
  void idleLinks_areClosedAndOpenedAgainWhenNeeded() {
    push(host(1));
    pass(Duration.ofMinutes(9));
    push(host(2));
    links.closeIdle();
    assertThat(links.open()).containsOnlyKeys(host(1), host(2));
    pass(Duration.ofMinutes(1));
    links.closeIdle();
    assertThat(links.open()).containsOnlyKeys(host(2));
    assertThat(push(host(1))).isTrue();
    assertThat(links.stats().pushes().sent()).as("the closed link's count").isEqualTo(3);
  }

  @Test
  void fullRegistry_shedsWhileAllAreInUse() {
    push(host(1));
    push(host(2));
    push(host(3));
    pass(Duration.ofSeconds(9));
    assertThat(push(host(4))).isFalse();
    assertThat(links.open()).containsOnlyKeys(host(1), host(2), host(3));
    assertThat(links.stats().pushes().shed()).isEqualTo(1);
  }

  @Test
  void fullRegistry_closesTheLinkThatIsIdleLongest() {
    push(host(1));
    push(host(2));
    push(host(3));
    pass(Duration.ofSeconds(9));
    push(host(1));
    push(host(3));
    pass(Duration.ofSeconds(1));
    assertThat(push(host(4))).isTrue();
    assertThat(links.open()).containsOnlyKeys(host(1), host(3), host(4));
  }

  private static boolean push(PeerLinks.User by, String address) {
    return by.push(peer(address), PUSH, StageRole.ACTIVE);
  }

  @Test
  void user_whoLeaves_leavesNoLinkThatIsNotConnected() {
    push(host(1));
    push(nobody(2));
    awaitReady(host(1));
    user.close();
    user.close();
    assertThat(links.open()).containsOnlyKeys(host(1));
    assertThat(push(host(1))).as("of a session that is over").isFalse();

    rig.stop();
    await().until(() -> link(host(1)).state() != StreamState.READY);
    links.closeIdle();
    assertThat(links.open()).isEmpty();
  }

  @Test
  void user_whoLeaves_leavesALinkToOthersWhoUseIt() {
    PeerLinks.User other = links.user("other");
    push(nobody(1));
    push(other, nobody(1));
    user.close();
    assertThat(links.open()).containsOnlyKeys(nobody(1));
    other.close();
    assertThat(links.open()).isEmpty();
  }

  @Test
  void user_whoNamesOneAddressAfterTheOther_hasFew() {
    PeerLinks many =
        links(
            new PeerLinksConfig(100, Duration.ofMinutes(10), Duration.ofSeconds(10)),
            FairShare.WHOLE);
    PeerLinks.User scanner = many.user("scanner");
    for (int port = 1; port <= 50; port++) {
      scanner.prepare(peer(nobody(port)));
    }
    assertThat(many.open()).hasSize(PeerLinks.LINKS_EACH).containsKey(nobody(50));
    many.close();
  }

  @Test
  void links_ofAGreedyClient_leaveRoomForOthers() {
    PeerLinks shared =
        links(
            new PeerLinksConfig(20, Duration.ofMinutes(10), Duration.ofSeconds(10)),
            new FairShare(4));
    int opened = 0;
    for (int i = 0; i < 40; i++) {
      opened += push(shared.user("greedy"), host(i + 1)) ? 1 : 0;
    }
    assertThat(opened).isEqualTo(16);
    assertThat(push(shared.user("other"), host(99))).isTrue();
    assertThat(shared.stats().pushes().shed()).isEqualTo(24);
    shared.close();
  }

  @Test
  void fullRegistry_closesALinkThatNobodyUsesFirst() {
    push(host(1));
    push(host(2));
    awaitReady(host(1), host(2));
    user.close();
    PeerLinks.User other = links.user("other");
    push(other, host(3));
    assertThat(push(other, host(4))).isTrue();
    assertThat(links.open()).hasSize(3).containsKeys(host(3), host(4));
  }

  @Test
  void hold_keepsALinkThatNobodyPushesTo() {
    PeerLink held = links.hold(nobody(1)).orElseThrow();
    assertThat(links.hold(nobody(1))).containsSame(held);
    pass(Duration.ofHours(1));
    links.closeIdle();
    assertThat(links.open()).containsOnlyKeys(nobody(1));
    links.letGo(held);
    assertThat(links.open()).isEmpty();
    assertThat(held.state()).isEqualTo(StreamState.CLOSED);
  }

  @Test
  void letGo_leavesTheLinkToWhoeverPushesAndKeepsOneThatIsConnected() {
    PeerLink pushed = links.hold(nobody(1)).orElseThrow();
    push(nobody(1));
    links.letGo(pushed);
    assertThat(links.open()).containsOnlyKeys(nobody(1));
    user.close();
    assertThat(links.open()).isEmpty();

    PeerLink connected = links.hold(host(2)).orElseThrow();
    awaitReady(host(2));
    links.letGo(connected);
    assertThat(links.open()).containsOnlyKeys(host(2));
    pass(Duration.ofMinutes(10));
    links.closeIdle();
    assertThat(links.open()).isEmpty();
  }

  @Test
  void letGo_ofALinkThatWasReplaced_leavesTheOther() {
    PeerLink first = links.hold(nobody(1)).orElseThrow();
    links.letGo(first);
    PeerLink second = links.hold(nobody(1)).orElseThrow();
    links.letGo(first);
    assertThat(link(nobody(1))).isSameAs(second);
  }

  @Test
  void fullRegistry_makesNoRoomOfLinksThatAreHeld() {
    for (int i = 1; i <= 3; i++) {
      assertThat(links.hold(host(i))).isPresent();
    }
    pass(Duration.ofHours(1));
    assertThat(links.hold(host(4))).isEmpty();
    assertThat(push(host(4))).isFalse();
    links.letGo(link(host(2)));
    assertThat(links.hold(host(4))).isPresent();
    assertThat(links.open()).containsOnlyKeys(host(1), host(3), host(4));
  }

  @Test
  void hold_ofWhatIsNoAddress_isRefusedAndCostsNobodyALink() {
    push(host(1));
    push(host(2));
    push(host(3));
    pass(Duration.ofSeconds(10));
    assertThatIllegalArgumentException().isThrownBy(() -> links.hold("bad"));
    assertThat(push("bad")).isFalse();
    assertThat(links.open()).containsOnlyKeys(host(1), host(2), host(3));
  }

  @Test
  void open_saysWhichAddressesAProcessOfThisHostHasNamed() {
    push(host(1));
    push(host(2));
    var _ = links.hold(host(2));
    assertThat(there(host(1)).ofThisHost()).isFalse();
    assertThat(there(host(2)).ofThisHost()).isTrue();
  }
}
