package io.baton.proto.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ValueCodecTest {

  private static @Nullable Object thereAndBack(@Nullable Object object) throws Exception {
    return ValueCodec.parse(ValueCodec.serialize(ValueCodec.toWire(object)));
  }

  @Test
  void everyValue_comesBackEqual() throws Exception {
    for (int seed = 0; seed < 500; seed++) {
      Object object = new Samples(seed).object(4);
      assertThat(thereAndBack(object))
          .as("seed %d", seed)
          .usingRecursiveComparison()
          .withStrictTypeChecking()
          .ignoringCollectionOrder()
          .isEqualTo(seen(object));
    }
  }

  /** What a receiver sees of it: the comparison above is strict about classes. */
  private static @Nullable Object seen(@Nullable Object object) {
    return switch (object) {
      case List<?> list -> {
        List<@Nullable Object> seen = new ArrayList<>();
        list.forEach(value -> seen.add(seen(value)));
        yield Collections.unmodifiableList(seen);
      }
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> seen = new LinkedHashMap<>();
        map.forEach((key, value) -> seen.put(String.valueOf(key), seen(value)));
        yield Collections.unmodifiableMap(seen);
      }
      case null -> null;
      default -> object;
    };
  }

  @Test
  void numbersAtTheirLimits_comeBackEqual() throws Exception {
    for (Object number :
        List.of(Long.MIN_VALUE, Long.MAX_VALUE, 0L, -0.0, Double.NaN, Double.NEGATIVE_INFINITY)) {
      assertThat(thereAndBack(number)).isEqualTo(number);
    }
    assertThat(thereAndBack(Integer.MIN_VALUE)).isEqualTo((long) Integer.MIN_VALUE);
  }

  @Test
  void equalMaps_haveEqualBytes() {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("a", 1L);
    one.put("b", List.of(Map.of("x", 1L)));
    Map<String, Object> other = new LinkedHashMap<>();
    other.put("b", List.of(Map.of("x", 1L)));
    other.put("a", 1L);
    assertThat(ValueCodec.serialize(ValueCodec.toWire(one)))
        .isEqualTo(ValueCodec.serialize(ValueCodec.toWire(other)));
  }

  @Test
  void whatCannotBeSent_isNamed() {
    refuses(3.5f, "value: java.lang.Float cannot be sent; null, Boolean, Integer, Long, Double,");
    refuses(
        Map.of("a", List.of(1L, Thread.State.NEW)),
        "value.\"a\"[1]: java.lang.Thread$State cannot");
    refuses(Map.of(1L, "a"), "value: a key is 1; keys are strings");
    refuses(new char[0], "value: [C cannot be sent;");
    refuses("\uD83D", "value: \"\uD83D\" is no well-formed text");
    Map<@Nullable String, String> keyless = new HashMap<>();
    keyless.put(null, "a");
    refuses(keyless, "value: a key is null; keys are strings");
  }

  private static void refuses(Object object, String message) {
    assertThatExceptionOfType(UnsupportedValueException.class)
        .isThrownBy(() -> ValueCodec.toWire(object))
        .withMessageStartingWith(message);
  }

  @Test
  void depth_isBounded() throws Exception {
    Object deepest = nestedMaps(ValueCodec.MAX_DEPTH);
    assertThat(thereAndBack(deepest)).isEqualTo(deepest);
    refuses(nestedMaps(ValueCodec.MAX_DEPTH + 1), "value.\"m\".\"m\"");

    List<Object> ofItself = new ArrayList<>();
    ofItself.add(ofItself);
    refuses(ofItself, "value[0][0]");
  }

  private static Object nestedMaps(int depth) {
    Object nested = 1L;
    for (int i = 0; i < depth; i++) {
      nested = Map.of("m", nested);
    }
    return nested;
  }

  @Test
  void depthOfAMessage_isBounded() {
    Value nested = Value.newBuilder().setBool(true).build();
    for (int i = 0; i <= ValueCodec.MAX_DEPTH; i++) {
      Value.Builder outer = Value.newBuilder();
      outer.getListBuilder().addValues(nested);
      nested = outer.build();
    }
    Value tooDeep = nested;
    assertThatExceptionOfType(MalformedFrameException.class)
        .isThrownBy(() -> ValueCodec.fromWire(tooDeep))
        .withMessage("kind: more than 64 lists and maps within each other");
    for (int i = 0; i < 1000; i++) {
      Value.Builder outer = Value.newBuilder();
      outer.getListBuilder().addValues(nested);
      nested = outer.build();
    }
    ByteString bytes = nested.toByteString();
    assertThatExceptionOfType(MalformedFrameException.class)
        .isThrownBy(() -> ValueCodec.parse(bytes))
        .withMessageStartingWith("value: ");
  }

  @Test
  void randomBytes_areDecodedOrRefused() {
    int decoded = 0;
    for (int seed = 0; seed < 3000; seed++) {
      Random random = new Random(seed);
      byte[] bytes =
          ValueCodec.serialize(ValueCodec.toWire(new Samples(seed).object(3))).toByteArray();
      for (int n = random.nextInt(3); n > 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      try {
        ValueCodec.parse(ByteString.copyFrom(bytes));
        decoded++;
      } catch (MalformedFrameException e) {
        assertThat(e.getMessage()).as("seed %d", seed).isNotEmpty();
      }
    }
    assertThat(decoded).isPositive();
  }
}
