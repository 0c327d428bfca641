package io.baton.transport.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.baton.transport.Budget;
import io.baton.transport.process.FrameReader.RefusedException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameReaderTest {

  private static final int MAX_FRAME = 10_000;

  private final Budget room = new Budget(100_000);
  private final FrameReader reader = new FrameReader(MAX_FRAME, room);
  private final List<byte[]> frames = new ArrayList<>();

  private void feed(byte[] bytes) throws RefusedException {
    reader.feed(
        ByteBuffer.wrap(bytes),
        (array, offset, length) -> frames.add(Arrays.copyOfRange(array, offset, offset + length)));
  }

  private static byte[] wire(List<byte[]> frames) {
    ByteBuffer wire = ByteBuffer.allocate(frames.stream().mapToInt(f -> 4 + f.length).sum());
    frames.forEach(frame -> wire.putInt(frame.length).put(frame));
    return wire.array();
  }

  private static List<byte[]> randomFrames(Random random) {
    int[] sizes = {0, 1, 3, 4, 5, 100, 4092, 4096, 5000, MAX_FRAME};
    List<byte[]> drawn = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      byte[] frame = new byte[sizes[random.nextInt(sizes.length)]];
      random.nextBytes(frame);
      drawn.add(frame);
    }
    return drawn;
  }

  @Test
  void feed_cutAnywhere_tellsTheSameFrames() throws Exception {
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      List<byte[]> sent = randomFrames(random);
      byte[] wire = wire(sent);
      frames.clear();
      for (int at = 0; at < wire.length; ) {
        int next = Math.min(wire.length, at + 1 + random.nextInt(1 << random.nextInt(15)));
        feed(Arrays.copyOfRange(wire, at, next));
        at = next;
      }
      assertThat(frames.toArray(byte[][]::new)).isDeepEqualTo(sent.toArray(byte[][]::new));
      assertThat(room.used()).isZero();
    }
  }

  @Test
  void feed_frameThatIsOnlyAnnounced_costsWhatHasCome() throws Exception {
    feed(new byte[] {0, 0, 39, 16, 1, 2, 3});

    assertThat(frames).isEmpty();
    assertThat(room.used()).isEqualTo(4096);
    reader.close();
    assertThat(room.used()).isZero();
  }

  @Test
  void feed_frameThatIsTooLong_isRefused() {
    for (int length : new int[] {MAX_FRAME + 1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
      byte[] prefix = ByteBuffer.allocate(4).putInt(length).array();
      assertThatExceptionOfType(RefusedException.class)
          .isThrownBy(
              () -> new FrameReader(MAX_FRAME, room).feed(ByteBuffer.wrap(prefix), (_, _, _) -> {}))
          .withMessageContaining(Integer.toUnsignedString(length) + " bytes");
    }
  }

  /** All streams together hold no more than there is room for. */
  @Test
  void feed_withoutRoom_isRefused_andGivesBackWhatItHeld() throws Exception {
    assertThat(room.tryTake(95_000)).isTrue();
    feed(new byte[] {0, 0, 39, 16, 1, 2, 3});

    assertThatExceptionOfType(RefusedException.class)
        .isThrownBy(() -> feed(new byte[5000]))
        .withMessageContaining("no room");
    reader.close();
    assertThat(room.used()).isEqualTo(95_000);
  }

  /** A frame may be the end of its stream, and others have come with it. */
  @Test
  void close_byWhoIsToldAFrame_holdsNothingOfWhatFollows() throws Exception {
    byte[] frameAndAPart = {0, 0, 0, 1, 7, 0, 0, 39, 16, 1, 2, 3};

    reader.feed(
        ByteBuffer.wrap(frameAndAPart),
        (array, offset, length) -> {
          frames.add(Arrays.copyOfRange(array, offset, offset + length));
          reader.close();
        });

    assertThat(frames).hasSize(1);
    assertThat(room.used()).isZero();
  }
}
