package io.baton.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import org.junit.jupiter.api.Test;

class CallerTest {

  private static Caller at(String address) throws Exception {
    return Caller.of(new InetSocketAddress(InetAddress.ofLiteral(address), 4711));
  }

  @Test
  void of_thisHost_isOneCallerByWhicheverWay() throws Exception {
    assertThat(at("127.0.0.1")).isEqualTo(Caller.LOCAL);
    assertThat(at("127.1.2.3")).isEqualTo(Caller.LOCAL);
    assertThat(at("::1")).isEqualTo(Caller.LOCAL);
    assertThat(Caller.of(UnixDomainSocketAddress.of("/run/relay.sock"))).isEqualTo(Caller.LOCAL);
    assertThat(Caller.of(null)).isEqualTo(Caller.LOCAL);
  }

  @Test
  void of_otherHosts_isOneCallerForEach() throws Exception {
    assertThat(at("192.0.2.1")).isNotEqualTo(at("192.0.2.2")).hasToString("192.0.2.1");
    assertThat(at("::ffff:192.0.2.1")).isEqualTo(at("192.0.2.1"));
  }

  @Test
  void of_anIpv6Network_isOneCaller() throws Exception {
    assertThat(at("2001:db8:0:1::1")).isEqualTo(at("2001:db8:0:1:ffff::2"));
    assertThat(at("2001:db8:0:1::1")).isNotEqualTo(at("2001:db8:0:2::1"));
  }
}
