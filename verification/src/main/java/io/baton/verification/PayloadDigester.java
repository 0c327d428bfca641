package io.baton.verification;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Sha256;
import io.baton.session.model.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import net.openhft.hashing.LongTupleHashFunction;

/**
 * Computes the digest of a payload: the hash H of a description of its tensors, in which each
 * tensor's bytes are themselves represented by their hash.
 *
 * <pre>
 * digest  = H("baton.v1.payload" entry*)         activations first, then the side inputs by the UTF-8 bytes of their names
 * entry   = u32 length, name in UTF-8 (none for the activations),
 *           u32 dtype, u32 rank, i64 dimension*, H(bytes of the tensor)
 * </pre>
 *
 * Integers are little-endian; the dtype is its number in {@code baton.v1.DType}. Type, shape and
 * names are covered, so that the same bytes in another shape are another payload. Instances are
 * immutable and may be shared by threads.
 */
public final class PayloadDigester {

  private static final byte[] DOMAIN = "baton.v1.payload".getBytes(StandardCharsets.US_ASCII);

  private final Digest.Algorithm algorithm;

  public PayloadDigester(Digest.Algorithm algorithm) {
    this.algorithm = algorithm;
  }

  public Digest.Algorithm algorithm() {
    return algorithm;
  }

  /** Makes a payload of activations alone. */
  public Payload payload(Tensor activations) {
    return payload(activations, Collections.emptySortedMap());
  }

  /** Makes a payload by computing its digest. */
  public Payload payload(Tensor activations, SortedMap<String, Tensor> sideInputs) {
    return new Payload(activations, sideInputs, digest(activations, sideInputs));
  }

  public Digest digest(Tensor activations, SortedMap<String, Tensor> sideInputs) {
    SortedMap<byte[], Tensor> byName = new TreeMap<>(Arrays::compareUnsigned);
    sideInputs.forEach((name, tensor) -> byName.put(name.getBytes(StandardCharsets.UTF_8), tensor));
    int size = DOMAIN.length + entrySize(0, activations);
    for (Map.Entry<byte[], Tensor> side : byName.entrySet()) {
      size += entrySize(side.getKey().length, side.getValue());
    }
    ByteBuffer description = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN).put(DOMAIN);
    putEntry(description, new byte[0], activations);
    byName.forEach((name, tensor) -> putEntry(description, name, tensor));
    return new Digest(algorithm, hash(description.flip()));
  }

  private int entrySize(int nameBytes, Tensor tensor) {
    return 3 * Integer.BYTES
        + nameBytes
        + tensor.spec().shape().size() * Long.BYTES
        + algorithm.bytes();
  }

  private void putEntry(ByteBuffer description, byte[] name, Tensor tensor) {
    description.putInt(name.length).put(name);
    description.putInt(tensor.spec().dtype().number()).putInt(tensor.spec().shape().size());
    tensor.spec().shape().forEach(dimension -> description.putLong(dimension));
    description.put(hash(tensor.data()));
  }

  private byte[] hash(ByteBuffer bytes) {
    return switch (algorithm) {
      case SHA256 -> sha256(bytes);
      case XXH3_128 -> xxh3(bytes);
    };
  }

  private static byte[] sha256(ByteBuffer bytes) {
    MessageDigest sha = Sha256.start();
    sha.update(bytes);
    return sha.digest();
  }

  private static byte[] xxh3(ByteBuffer bytes) {
    long[] halves = LongTupleHashFunction.xx128().hashBytes(bytes);
    return ByteBuffer.allocate(2 * Long.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(halves[0])
        .putLong(halves[1])
        .array();
  }
}
