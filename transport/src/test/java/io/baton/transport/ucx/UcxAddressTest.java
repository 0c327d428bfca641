package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.transport.ucx.UcxAddress.MalformedAddressException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/** Reads what UCX 1.13.1 wrote; needs no UCX itself. */
class UcxAddressTest {

  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  /** With {@code UCX_TLS=tcp UCX_NET_DEVICES=lo}. */
  private static final String ON_LOOPBACK =
      "20721b5dbe772a557520920102ad905dc4340311aff9ffffef00000000cf1917b75138539e3e4bd7e037370103230082cbb9";

  /** The same of another process there. */
  private static final String NEIGHBOUR =
      "20dbeb90ec265d0d8720920102ad905dc4340311aff9ffffef00000000cf1917b75138539e3e4bd7e037370103230082d2b5";

  /** With everything that a host without special devices has; it is at 192.0.2.2. */
  private static final String ALL =
      "202e75da2536e103242000637577cc2b3200f8d74f00000000004f030088cdeac99fcff6e02421060002c0000202cf1917b7"
          + "51389763344bd7e037370003230082bb9f21120102ad905dc4340311aff9ffffef00000000cf1917b75138539e3e4bd7e0"
          + "37370103230082b6332288ad905dc43403112f478bbd37063600242e5077ccab330092210084f2500000";

  private static UcxAddress read(String hex) throws MalformedAddressException {
    return UcxAddress.fromUcx(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
  }

  private static String hex(UcxAddress address) {
    ByteBuffer bytes = address.toUcx();
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return HexFormat.of().formatHex(copy);
  }

  @Test
  void transport_isNumberedAsUcxDoes() {
    assertThat(UcxAddress.transport("tcp")).isEqualTo(0x19cf);
    assertThat(UcxAddress.transport("self")).isEqualTo(0x7563);
    assertThat(UcxAddress.transport("cma")).isEqualTo(0x8b47);
  }

  @Test
  void hosts_areThoseOfTcp() throws Exception {
    assertThat(read(ON_LOOPBACK).hosts()).containsExactly("loopback");
    assertThat(read(ALL).hosts()).containsExactly("192.0.2.2", "loopback");
    assertThat(read(ON_LOOPBACK).isNowhereBut(LOOPBACK)).isTrue();
    assertThat(read(ALL).isNowhereBut(LOOPBACK)).isFalse();
    assertThat(read(ALL).isNowhereBut(InetAddress.getByName("192.0.2.2"))).isFalse();
  }

  @Test
  void address_goesToPeersAndComesBack() throws Exception {
    UcxAddress address = read(ALL);
    assertThat(UcxAddress.fromWire(address.toWire())).isEqualTo(address);
    assertThat(hex(read(ON_LOOPBACK))).isEqualTo(ON_LOOPBACK);
  }

  @Test
  void reachedFrom_ofAPeer_keepsItsNumberAndPlaceAlone() throws Exception {
    UcxAddress own = read(ON_LOOPBACK);
    // Of the neighbour's bytes the speeds and abilities differ, which are this end's to know.
    String boasting = NEIGHBOUR.replace("17b75138539e3e4bd7e0373701032300", "ff".repeat(16));
    assertThat(hex(read(boasting).reachedFrom(own, LOOPBACK))).isEqualTo(NEIGHBOUR);
  }

  @Test
  void reachedFrom_leavesOutWhatDoesNotLeadThere() throws Exception {
    UcxAddress reached = read(ALL).reachedFrom(read(ON_LOOPBACK), LOOPBACK);
    assertThat(reached.hosts()).containsExactly("loopback");
    assertThat(reached.devices()).hasSize(1);
    assertThat(reached.devices().getFirst().ways()).hasSize(1);
  }

  @Test
  void reachedFrom_anotherHost_isRefused() throws Exception {
    InetAddress elsewhere = InetAddress.getByName("192.0.2.9");
    assertThatThrownBy(() -> read(NEIGHBOUR).reachedFrom(read(ON_LOOPBACK), elsewhere))
        .isInstanceOf(MalformedAddressException.class)
        .hasMessageContaining("reached at 192.0.2.9 and listens at [loopback]");
    // A network that this engine does not listen on.
    InetAddress there = InetAddress.getByName("192.0.2.2");
    assertThatThrownBy(() -> read(ALL).reachedFrom(read(ON_LOOPBACK), there))
        .isInstanceOf(MalformedAddressException.class);
    // The loopback of another host has another number.
    String other = NEIGHBOUR.replace("ad905dc4340311af", "0000000000000000");
    assertThatThrownBy(() -> read(other).reachedFrom(read(ON_LOOPBACK), LOOPBACK))
        .isInstanceOf(MalformedAddressException.class);
  }

  /** Whatever is in a peer's address, what UCX gets is built as its own. */
  @Test
  void mutated_isRefusedOrMadeOfOwnParts() throws Exception {
    UcxAddress own = read(ALL);
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    int taken = 0;
    for (int i = 0; i < 200_000; i++) {
      byte[] wire = Mutated.address(read(i % 2 == 0 ? ALL : NEIGHBOUR).toWire(), random);
      UcxAddress reached;
      try {
        reached = UcxAddress.fromWire(wire).reachedFrom(own, LOOPBACK);
      } catch (MalformedAddressException e) {
        continue;
      }
      if (reached.worker() == own.worker()) {
        continue;
      }
      taken++;
      assertThat(UcxAddress.fromUcx(reached.toUcx())).isEqualTo(reached);
      for (UcxAddress.Device device : reached.devices()) {
        assertThat(device.address()).isEqualTo(own.devices().get(2).address());
        for (UcxAddress.Way way : device.ways()) {
          assertThat(way.transport()).isEqualTo(0x19cf);
          assertThat(way.attributes())
              .isEqualTo(own.devices().get(2).ways().getFirst().attributes());
          assertThat(way.address().size()).isEqualTo(2);
        }
      }
    }
    assertThat(taken).as("some are as good as new").isGreaterThan(1000);
  }
}
