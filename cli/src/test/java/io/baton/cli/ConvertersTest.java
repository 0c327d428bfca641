package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.proto.codec.HostPort;
import io.baton.transport.LaneKind;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ConvertersTest {

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "0ms,0",
    "25ms,25000000",
    "1.5s,1500000000",
    "2m,120000000000",
    "10us,10000",
    "0.000001s,1000"
  })
  void duration_valid(String text, long nanos) {
    assertThat(new DurationConverter().convert(text)).isEqualTo(Duration.ofNanos(nanos));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "25", "ms", "-1ms", "1 ms", "1h", "1.ms", ".5s", "1e3ms", "١ms", "NaNs"})
  void duration_invalid(String text) {
    assertThatThrownBy(() -> new DurationConverter().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("is not a time such as 25ms");
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "4096,4096",
    "1KiB,1024",
    "64MiB,67108864",
    "1.5GiB,1610612736",
    "0.001KiB,1",
    "2TiB,2199023255552",
    "9223372036854775807,9223372036854775807"
  })
  void byteSize_valid(String text, long bytes) {
    assertThat(new ByteSizeConverter().convert(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "64M",
        "64MB",
        "64 MiB",
        "-1",
        "1.5",
        ".5GiB",
        "1e3MiB",
        "MiB",
        "٤KiB",
        "9223372036854775808",
        "9999999TiB"
      })
  void byteSize_invalid(String text) {
    assertThatThrownBy(() -> new ByteSizeConverter().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("is not a size such as 64MiB");
  }

  @ParameterizedTest
  @CsvSource({"0,0", "1,1", "0.5,0.5", "50%,0.5", "12.5%,0.125", "100%,1", "0%,0"})
  void pushShare_valid(String text, double share) {
    assertThat(new ShareConverter().convert(text)).isEqualTo(share);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "50", "1.01", "101%", "-5%", "half", "%", ".5", "NaN"})
  void pushShare_invalid(String text) {
    assertThatThrownBy(() -> new ShareConverter().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("is not a share such as 50% or 0.5");
  }

  @Test
  void lane_valid() {
    assertThat(LaneKind.values())
        .allSatisfy(
            lane ->
                assertThat(new LaneKindConverter().convert(LaneKindConverter.name(lane)))
                    .isEqualTo(lane));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GRPC", "rdma", " ucx"})
  void lane_invalid(String text) {
    assertThatThrownBy(() -> new LaneKindConverter().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("there are local, ucx and grpc");
  }

  @Test
  void share_valid() {
    assertThat(new StageShare.Converter().convert("2/4")).isEqualTo(new StageShare(2, 4));
    assertThat(new StageShare.Converter().convert("1/1")).hasToString("1/1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "1", "1/", "/1", "0/4", "5/4", "1/2/3", "a/b", "-1/4", "1/0", "1/99999999999"})
  void share_invalid(String text) {
    assertThatThrownBy(() -> new StageShare.Converter().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("is not I/N");
  }

  @Test
  void hostPort_valid() {
    assertThat(new HostPortConverter().convert("[::1]:70")).isEqualTo(new HostPort("::1", 70));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "host", "host:", ":1", "host:65536", "::1:70", "a b:1"})
  void hostPort_invalid(String text) {
    assertThatThrownBy(() -> new HostPortConverter().convert(text))
        .isInstanceOf(TypeConversionException.class);
  }

  @Test
  void socket_withAndWithoutPrefix() {
    assertThat(new SocketConverter().convert("unix:/run/b.sock").path())
        .isEqualTo(new SocketConverter().convert("/run/b.sock").path())
        .isEqualTo(Path.of("/run/b.sock"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "unix:", "/a\0b"})
  void socket_invalid(String text) {
    assertThatThrownBy(() -> new SocketConverter().convert(text))
        .isInstanceOf(TypeConversionException.class);
  }

  @Test
  void socket_longerThanTheSystemTakes() {
    assertThatThrownBy(() -> new SocketConverter().convert("/" + "x".repeat(200)))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("107");
  }
}
