package io.baton.cli.status;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * Messages as JSON for programs: every field under its name in the {@code .proto} file, whether it
 * is set or not, numbers as numbers. A {@code fixed64}, which holds an id and not an amount, is 16
 * hexadecimal digits; a message that is not there is null.
 *
 * <p>Protobuf's own mapping writes 64-bit numbers as text, and leaves out what is zero.
 */
final class MessageJson {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private MessageJson() {}

  static ObjectNode of(Message message) {
    ObjectNode node = NODES.objectNode();
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      node.set(field.getName(), field(message, field));
    }
    return node;
  }

  private static JsonNode field(Message message, FieldDescriptor field) {
    if (field.isMapField()) {
      return map(entries(message, field));
    }
    if (field.isRepeated()) {
      ArrayNode array = NODES.arrayNode();
      for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
        array.add(value(field, message.getRepeatedField(field, i)));
      }
      return array;
    }
    if (field.hasPresence() && !message.hasField(field)) {
      return NODES.nullNode();
    }
    return value(field, message.getField(field));
  }

  private static List<Message> entries(Message message, FieldDescriptor field) {
    return ((List<?>) message.getField(field)).stream().map(Message.class::cast).toList();
  }

  /** In the order of its keys. */
  private static ObjectNode map(List<Message> entries) {
    ObjectNode node = NODES.objectNode();
    entries.stream()
        .sorted((one, other) -> key(one).compareTo(key(other)))
        .forEach(entry -> node.set(key(entry), field(entry, part(entry, "value"))));
    return node;
  }

  private static String key(Message entry) {
    return String.valueOf(entry.getField(part(entry, "key")));
  }

  private static FieldDescriptor part(Message entry, String name) {
    return entry.getDescriptorForType().findFieldByName(name);
  }

  private static JsonNode value(FieldDescriptor field, Object value) {
    return switch (value) {
      case Long id when field.getType() == FieldDescriptor.Type.FIXED64 ->
          NODES.textNode("%016x".formatted(id));
      case Long number -> NODES.numberNode(number);
      case Integer number when field.getType() == FieldDescriptor.Type.UINT32 ->
          NODES.numberNode(Integer.toUnsignedLong(number));
      case Integer number -> NODES.numberNode(number);
      case Double number -> NODES.numberNode(number);
      case Float number -> NODES.numberNode(number);
      case Boolean flag -> NODES.booleanNode(flag);
      case String text -> NODES.textNode(text);
      case ByteString bytes ->
          NODES.textNode(Base64.getEncoder().encodeToString(bytes.toByteArray()));
      case EnumValueDescriptor constant ->
          NODES.textNode(constant.getName().toLowerCase(Locale.ROOT));
      case Message message -> of(message);
      default ->
          throw new IllegalStateException(
              "%s has a value of %s".formatted(field.getFullName(), value.getClass()));
    };
  }
}
