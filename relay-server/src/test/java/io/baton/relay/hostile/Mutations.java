package io.baton.relay.hostile;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Damages messages, the same for the same seed. */
final class Mutations {

  private final SplittableRandom random;

  Mutations(long seed) {
    random = new SplittableRandom(seed);
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  byte[] of(byte[] message) {
    byte[] mutated = message.clone();
    for (int times = 1 + random.nextInt(3); times > 0; times--) {
      mutated = once(mutated);
    }
    return mutated;
  }

  private byte[] once(byte[] message) {
    if (message.length == 0) {
      return noise(1 + random.nextInt(64));
    }
    int at = random.nextInt(message.length);
    return switch (random.nextInt(8)) {
      case 0 -> Arrays.copyOf(message, at);
      case 1 -> noise(1 + random.nextInt(256));
      case 2 ->
          joined(Arrays.copyOf(message, at), noise(1 + random.nextInt(16)), tail(message, at));
      case 3 -> joined(message, Arrays.copyOf(message, at), new byte[0]);
      case 4 -> joined(Arrays.copyOf(message, at), hugeNumber(), tail(message, at));
      case 5 -> joined(Arrays.copyOf(message, at), new byte[0], tail(message, at + 1));
      case 6 -> {
        message[at] = (byte) random.nextInt();
        yield message;
      }
      default -> {
        message[at] ^= (byte) (1 << random.nextInt(Byte.SIZE));
        yield message;
      }
    };
  }

  private byte[] noise(int bytes) {
    byte[] noise = new byte[bytes];
    random.nextBytes(noise);
    return noise;
  }

  /** As varint: any that ends at the 10th byte, and so one beyond what a signed number holds. */
  private byte[] hugeNumber() {
    byte[] number = noise(10);
    for (int i = 0; i < 9; i++) {
      number[i] |= (byte) 0x80;
    }
    number[9] = 1;
    return number;
  }

  private static byte[] tail(byte[] message, int from) {
    return Arrays.copyOfRange(message, from, message.length);
  }

  private static byte[] joined(byte[] first, byte[] second, byte[] third) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(first);
    all.writeBytes(second);
    all.writeBytes(third);
    return all.toByteArray();
  }
}
