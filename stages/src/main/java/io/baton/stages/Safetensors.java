package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The header of one safetensors file, checked against the file: whatever maps the file afterwards
 * and trusts the header stays inside it.
 *
 * <pre>
 * file   = u64 length of the header, header (a JSON object), data
 * header = { name: { dtype, shape, data_offsets: [begin, end) in data }, ... }
 * </pre>
 *
 * The tensors cover the data without gap or overlap, as the format demands.
 *
 * @param header the bytes of the header
 * @param dataStart where the data begins in the file
 * @param tensors by name
 */
record Safetensors(Path file, ByteBuffer header, long dataStart, Map<String, Entry> tensors) {

  /**
   * Where a tensor lies in the data, and what it is.
   *
   * @param dtype as the file spells it
   * @param begin offset of its first byte in the data
   * @param end offset after its last byte
   */
  record Entry(String dtype, List<Integer> shape, long begin, long end) {}

  /** Jlama maps no more of a file than this to read its header and the header's length. */
  private static final int MAX_HEADER = (1 << 20) - Long.BYTES;

  private static final String METADATA = "__metadata__";

  /** Bits of one element; Q4 is Jlama's own. */
  private static final Map<String, Integer> BITS =
      Map.ofEntries(
          Map.entry("F64", 64),
          Map.entry("I64", 64),
          Map.entry("U64", 64),
          Map.entry("F32", 32),
          Map.entry("I32", 32),
          Map.entry("U32", 32),
          Map.entry("F16", 16),
          Map.entry("BF16", 16),
          Map.entry("I16", 16),
          Map.entry("U16", 16),
          Map.entry("I8", 8),
          Map.entry("U8", 8),
          Map.entry("BOOL", 8),
          Map.entry("Q4", 4));

  Safetensors {
    header = header.asReadOnlyBuffer();
    tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
  }

  /** Reads and checks the header of the file that {@code channel} has open. */
  static Safetensors read(Path file, FileChannel channel) throws ModelException, IOException {
    long size = channel.size();
    if (size < Long.BYTES) {
      throw new ModelException(file, "is truncated: %d bytes hold no header".formatted(size));
    }
    long length =
        ByteBuffer.wrap(read(file, channel, 0, Long.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();
    if (length < 0 || length > size - Long.BYTES) {
      throw new ModelException(
          file,
          "is damaged: a header of %s bytes in a file of %d"
              .formatted(Long.toUnsignedString(length), size));
    }
    if (length > MAX_HEADER) {
      throw new ModelException(
          file, "has a header of %d bytes; at most %d can be read".formatted(length, MAX_HEADER));
    }
    byte[] header = read(file, channel, Long.BYTES, (int) length);
    long dataStart = Long.BYTES + length;
    Map<String, Entry> tensors = entries(file, Json.parseObject(file, "its header", header));
    checkCover(file, tensors, size - dataStart);
    return new Safetensors(file, ByteBuffer.wrap(header), dataStart, tensors);
  }

  /**
   * The {@code count} bytes at {@code position} of the file.
   *
   * @throws ModelException if the file ends before
   */
  static byte[] read(Path file, FileChannel channel, long position, int count)
      throws ModelException, IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new ModelException(file, "was cut short while it was read");
      }
    }
    return bytes.array();
  }

  private static Map<String, Entry> entries(Path file, JsonNode header) throws ModelException {
    Map<String, Entry> entries = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : header.properties()) {
      if (!field.getKey().equals(METADATA)) {
        entries.put(field.getKey(), new EntryReader(file, field.getKey()).read(field.getValue()));
      }
    }
    if (entries.isEmpty()) {
      throw new ModelException(file, "holds no tensors");
    }
    return entries;
  }

  private static void checkCover(Path file, Map<String, Entry> tensors, long dataLength)
      throws ModelException {
    List<Map.Entry<String, Entry>> inOrder = new ArrayList<>(tensors.entrySet());
    inOrder.sort(
        Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    long covered = 0;
    for (Map.Entry<String, Entry> tensor : inOrder) {
      Entry entry = tensor.getValue();
      if (entry.end() > dataLength) {
        throw new ModelException(
            file,
            "is truncated: tensor %s ends at byte %d of %d bytes of data"
                .formatted(tensor.getKey(), entry.end(), dataLength));
      }
      if (entry.begin() != covered) {
        throw new ModelException(
            file,
            "is damaged: tensor %s begins at byte %d and %s byte %d"
                .formatted(
                    tensor.getKey(),
                    entry.begin(),
                    entry.begin() < covered ? "overlaps the one up to" : "leaves a gap from",
                    covered));
      }
      covered = entry.end();
    }
    if (covered != dataLength) {
      throw new ModelException(
          file,
          "is damaged: its tensors take %d bytes of %d bytes of data"
              .formatted(covered, dataLength));
    }
  }

  /** Reads what the header says of one tensor. */
  private record EntryReader(Path file, String name) {

    Entry read(JsonNode node) throws ModelException {
      String dtype = node.path("dtype").asText();
      Integer bits = BITS.get(dtype);
      if (bits == null) {
        throw problem("has the unknown dtype \"%s\"".formatted(dtype));
      }
      List<Integer> shape = new ArrayList<>();
      long elements = 1;
      for (JsonNode dimension : array(node, "shape")) {
        if (!dimension.isInt() || dimension.intValue() <= 0) {
          throw problem("has the shape " + node.path("shape"));
        }
        shape.add(dimension.intValue());
        elements = multiply(elements, dimension.intValue());
      }
      JsonNode offsets = array(node, "data_offsets");
      if (offsets.size() != 2
          || !offsets.get(0).canConvertToLong()
          || !offsets.get(1).canConvertToLong()) {
        throw problem("has the data_offsets " + offsets);
      }
      long begin = offsets.get(0).longValue();
      long end = offsets.get(1).longValue();
      long bytes = multiply(elements, bits) / Byte.SIZE;
      if (begin < 0 || end < begin || end - begin != bytes) {
        throw problem(
            "takes %d bytes by its dtype %s and shape %s, but its data_offsets are %s"
                .formatted(bytes, dtype, shape, offsets));
      }
      return new Entry(dtype, List.copyOf(shape), begin, end);
    }

    private JsonNode array(JsonNode node, String field) throws ModelException {
      JsonNode value = node.path(field);
      if (!value.isArray()) {
        throw problem("has no " + field);
      }
      return value;
    }

    private long multiply(long a, long b) throws ModelException {
      try {
        return Math.multiplyExact(a, b);
      } catch (ArithmeticException e) {
        throw new ModelException(
            file, "is damaged: tensor %s is larger than can be counted".formatted(name), e);
      }
    }

    private ModelException problem(String problem) {
      return new ModelException(file, "is damaged: tensor %s %s".formatted(name, problem));
    }
  }
}
