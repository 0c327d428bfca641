package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.ListValue;
import io.baton.proto.v1.MapValue;
import io.baton.proto.v1.Value;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Small objects: null, {@link Boolean}, {@link Long}, {@link Double}, {@link String}, {@code
 * byte[]}, and lists and maps of them, with strings as keys. An {@link Integer} may be sent and
 * comes back as a Long. Nothing else is ever taken or made, so that no bytes can make a program run
 * what its author did not write.
 */
public final class ValueCodec {

  /** How deep lists and maps may lie within each other; also what ends one that holds itself. */
  public static final int MAX_DEPTH = 64;

  /** A map takes three messages a level: the value, the map, the entry. */
  private static final int MAX_NESTED_MESSAGES = 3 * (MAX_DEPTH + 1);

  private ValueCodec() {}

  /**
   * The object as a message. Arrays of bytes are not copied, and must not be changed afterwards.
   *
   * @throws UnsupportedValueException if it is or contains what cannot be sent
   */
  public static Value toWire(@Nullable Object object) {
    return toWire(object, "value", 0);
  }

  private static Value toWire(@Nullable Object object, String path, int depth) {
    Value.Builder wire = Value.newBuilder();
    switch (object) {
      case null -> wire.setNull(Empty.getDefaultInstance());
      case Boolean value -> wire.setBool(value);
      case Integer value -> wire.setInteger(value);
      case Long value -> wire.setInteger(value);
      case Double value -> wire.setReal(value);
      case String value -> wire.setText(encodable(value, path));
      case byte[] value -> wire.setBytes(UnsafeByteOperations.unsafeWrap(value));
      case List<?> values -> wire.setList(list(values, path, deeper(path, depth)));
      case Map<?, ?> entries -> wire.setMap(map(entries, path, deeper(path, depth)));
      default ->
          throw new UnsupportedValueException(
              path,
              "%s cannot be sent; null, Boolean, Integer, Long, Double, String, byte[], List and Map can"
                  .formatted(object.getClass().getName()));
    }
    return wire.build();
  }

  private static ListValue list(List<?> values, String path, int depth) {
    ListValue.Builder wire = ListValue.newBuilder();
    int i = 0;
    for (Object value : values) {
      wire.addValues(toWire(value, path + "[" + i++ + "]", depth));
    }
    return wire.build();
  }

  private static MapValue map(Map<?, ?> entries, String path, int depth) {
    MapValue.Builder wire = MapValue.newBuilder();
    entries.forEach(
        (key, value) -> {
          if (!(key instanceof String name)) {
            throw new UnsupportedValueException(
                path, "a key is %s; keys are strings".formatted(key));
          }
          wire.putEntries(
              encodable(name, path), toWire(value, path + "." + Fields.quoted(name), depth));
        });
    return wire.build();
  }

  private static int deeper(String path, int depth) {
    if (depth == MAX_DEPTH) {
      // The path of a list that holds itself is as long as it is deep.
      throw new UnsupportedValueException(
          path.substring(0, Math.min(path.length(), MAX_DEPTH)),
          "more than %d lists and maps within each other".formatted(MAX_DEPTH));
    }
    return depth + 1;
  }

  private static String encodable(String text, String path) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new UnsupportedValueException(
          path, Fields.quoted(text) + " is no well-formed text: half of a pair of surrogates");
    }
    return text;
  }

  /** The object that a message stands for. Lists and maps cannot be changed. */
  public static @Nullable Object fromWire(Value wire) throws MalformedFrameException {
    return fromWire(wire, 0);
  }

  private static @Nullable Object fromWire(Value wire, int depth) throws MalformedFrameException {
    return switch (wire.getKindCase()) {
      case NULL -> null;
      case BOOL -> wire.getBool();
      case INTEGER -> wire.getInteger();
      case REAL -> wire.getReal();
      case TEXT -> wire.getText();
      case BYTES -> wire.getBytes().toByteArray();
      case LIST -> list(wire.getList(), deeper(depth));
      case MAP -> map(wire.getMap(), deeper(depth));
      case KIND_NOT_SET -> throw new MalformedFrameException("kind", "missing or unknown");
    };
  }

  private static List<@Nullable Object> list(ListValue wire, int depth)
      throws MalformedFrameException {
    List<@Nullable Object> values = new ArrayList<>(wire.getValuesCount());
    for (Value value : wire.getValuesList()) {
      values.add(fromWire(value, depth));
    }
    return Collections.unmodifiableList(values);
  }

  private static Map<String, @Nullable Object> map(MapValue wire, int depth)
      throws MalformedFrameException {
    Map<String, @Nullable Object> entries = new LinkedHashMap<>();
    for (Map.Entry<String, Value> entry : wire.getEntriesMap().entrySet()) {
      entries.put(entry.getKey(), fromWire(entry.getValue(), depth));
    }
    return Collections.unmodifiableMap(entries);
  }

  private static int deeper(int depth) throws MalformedFrameException {
    if (depth == MAX_DEPTH) {
      throw new MalformedFrameException(
          "kind", "more than %d lists and maps within each other".formatted(MAX_DEPTH));
    }
    return depth + 1;
  }

  /** A message's bytes, the same for equal objects: maps are in the order of their keys. */
  public static ByteString serialize(Value wire) {
    byte[] bytes = new byte[wire.getSerializedSize()];
    write(wire, ByteBuffer.wrap(bytes));
    return UnsafeByteOperations.unsafeWrap(bytes);
  }

  /**
   * The same, into a buffer with room for {@link Value#getSerializedSize}.
   *
   * @throws IllegalArgumentException if there is less room
   */
  public static void write(Value wire, ByteBuffer out) {
    CodedOutputStream coded = CodedOutputStream.newInstance(out);
    coded.useDeterministicSerialization();
    try {
      wire.writeTo(coded);
      coded.flush();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "%d bytes do not fit".formatted(wire.getSerializedSize()), e);
    }
  }

  /** The object in those bytes. */
  public static @Nullable Object parse(ByteString bytes) throws MalformedFrameException {
    CodedInputStream coded = bytes.newCodedInput();
    coded.setRecursionLimit(MAX_NESTED_MESSAGES);
    try {
      Value wire = Value.parser().parseFrom(coded);
      coded.checkLastTagWas(0);
      return fromWire(wire);
    } catch (InvalidProtocolBufferException e) {
      throw new MalformedFrameException("value", String.valueOf(e.getMessage()));
    }
  }
}
