package io.baton.proto.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.proto.v1.VersionRange;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class VersionsTest {

  private static OptionalInt negotiate(int lowest, int highest) {
    return Versions.negotiate(
        VersionRange.newBuilder().setLowest(lowest).setHighest(highest).build());
  }

  @Test
  void spoken_isVersionOne() {
    assertThat(Versions.spoken())
        .isEqualTo(VersionRange.newBuilder().setLowest(1).setHighest(1).build());
  }

  @Test
  void negotiate_findsTheHighestInCommon() {
    assertThat(negotiate(1, 1)).hasValue(1);
    assertThat(negotiate(0, 1)).hasValue(1);
    assertThat(negotiate(1, 9)).hasValue(1);
    assertThat(negotiate(1, -1)).as("up to 2^32 - 1").hasValue(1);
  }

  @Test
  void negotiate_isEmptyWithoutCommonVersion() {
    assertThat(negotiate(0, 0)).as("missing").isEmpty();
    assertThat(negotiate(2, 3)).isEmpty();
    assertThat(negotiate(1, 0)).isEmpty();
    assertThat(negotiate(-1, 1)).isEmpty();
  }

  @Test
  void refusal_namesBothRanges() {
    VersionRange theirs = VersionRange.newBuilder().setLowest(2).setHighest(-1).build();
    assertThat(Versions.refusal(theirs)).isEqualTo("versions 2-4294967295; this end speaks 1-1");
  }
}
