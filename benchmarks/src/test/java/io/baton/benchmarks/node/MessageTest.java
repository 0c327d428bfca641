package io.baton.benchmarks.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageTest {

  private static MemorySegment body(int bytes) {
    return MemorySegment.ofArray(new byte[bytes]);
  }

  @ParameterizedTest
  @ValueSource(ints = {Message.MIN_BYTES, 33, 8192})
  void sentNanos_ofWhatWasWritten_isWhenItWas(int bytes) {
    MemorySegment body = body(bytes);

    long before = System.nanoTime();
    Message.write(body, 7, true);
    long after = System.nanoTime();

    assertThat(Message.sentNanos(body, true)).isBetween(before, after);
    assertThat(Message.number(body)).isEqualTo(7);
  }

  @Test
  void sentNanos_aByteIsAnother_isToldWhich() {
    MemorySegment body = body(100);
    Message.write(body, 7, true);
    body.set(ValueLayout.JAVA_BYTE, 50, (byte) (body.get(ValueLayout.JAVA_BYTE, 50) + 1));

    assertThatThrownBy(() -> Message.sentNanos(body, true))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("byte 50 of message 7");
    assertThat(Message.sentNanos(body, false)).isPositive();
  }

  @Test
  void sentNanos_lastByteOfAnotherMessage_isNoticedWithoutLookingAtAll() {
    MemorySegment body = body(100);
    Message.write(body, 7, false);
    MemorySegment other = body(100);
    Message.write(other, 8, false);
    body.asSlice(99).copyFrom(other.asSlice(99));

    assertThatThrownBy(() -> Message.sentNanos(body, false)).hasMessageContaining("byte 99");
  }
}
