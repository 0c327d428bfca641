package io.baton.proto.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:7000, 127.0.0.1, 7000",
    "relay-1.example:1, relay-1.example, 1",
    "my_host:65535, my_host, 65535",
    "localhost:0, localhost, 0",
    "relay.example.:7000, relay.example., 7000",
    "7-eleven.1x:7000, 7-eleven.1x, 7000",
    "[::1]:7000, ::1, 7000",
    "[fe80::1%eth0]:80, fe80::1%eth0, 80",
    "[::ffff:10.0.0.1]:80, ::ffff:10.0.0.1, 80",
  })
  void parse_takesNamesAndAddresses(String text, String host, int port) {
    assertThat(HostPort.parse(text)).isEqualTo(new HostPort(host, port)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "host",
        "host:",
        ":7000",
        "host:-1",
        "host:65536",
        "host:999999",
        "host:+1",
        "host:7 ",
        "ho st:7",
        "::1:7000",
        "[::1]",
        "[::1",
        "[::1]7000",
        "[host]x:1",
        "[]:1",
        "http://host:1",
        "host:1/",
        "-host:1",
        "host:\u0661",
        "h\n:1",
        " host:1",
        "10.0.0:7000",
        "10.0.0.0.1:7000",
        "10.0.0.256:7000",
        "10.0.0.01:7000",
        "10.0.0.1.:7000",
        "7000:7000",
        "0x7f.1:7000",
        "host.0x1:7000",
        "a..b:1",
        ".a:1",
        "a.example..:1"
      })
  void parse_refusesAnythingElse(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> HostPort.parse(text));
  }

  @Test
  void parse_nameInAnotherScript_isThatOfTheDns() {
    assertThat(HostPort.parse("m\u00fcnchen.example:7000"))
        .isEqualTo(new HostPort("xn--mnchen-3ya.example", 7000));
  }

  @Test
  void parse_nameThatIsTooLong_isRefused() {
    String label = "a".repeat(63);
    assertThat(HostPort.parse(label + ".example:1").host()).hasSize(71);
    assertThatIllegalArgumentException().isThrownBy(() -> HostPort.parse(label + "a.example:1"));
  }

  @Test
  void parse_saysWhatIsWrong() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostPort.parse("10.0.0:7000"))
        .withMessage("\"10.0.0\" is no IPv4 address, which is four numbers from 0 to 255");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostPort.parse("::1:7000"))
        .withMessage("\"::1:7000\": an IPv6 address stands in brackets, [ADDRESS]:PORT");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostPort.parse("host:65536"))
        .withMessage("port 65536 is not within 0-65535");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostPort.parse("host:x"))
        .withMessage("\"host:x\": port \"x\" is not a number within 0-65535");
  }
}
