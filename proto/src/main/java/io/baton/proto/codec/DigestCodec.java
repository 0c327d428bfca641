package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.baton.proto.v1.DigestAlgorithm;
import io.baton.session.model.Digest;

/** Digests and the names of their algorithms. */
public final class DigestCodec {

  private DigestCodec() {}

  public static DigestAlgorithm toWire(Digest.Algorithm algorithm) {
    return switch (algorithm) {
      case SHA256 -> DigestAlgorithm.DIGEST_ALGORITHM_SHA256;
      case XXH3_128 -> DigestAlgorithm.DIGEST_ALGORITHM_XXH3_128;
    };
  }

  /**
   * An algorithm by its number.
   *
   * @param number the number on the wire, as {@code getXxxValue()} gives it
   * @param field the field that holds it, for the error
   */
  public static Digest.Algorithm fromWire(int number, String field) throws MalformedFrameException {
    return switch (number) {
      case DigestAlgorithm.DIGEST_ALGORITHM_SHA256_VALUE -> Digest.Algorithm.SHA256;
      case DigestAlgorithm.DIGEST_ALGORITHM_XXH3_128_VALUE -> Digest.Algorithm.XXH3_128;
      case DigestAlgorithm.DIGEST_ALGORITHM_UNSPECIFIED_VALUE ->
          throw new MalformedFrameException(field, "missing");
      default -> throw new MalformedFrameException(field, number + " is no known algorithm");
    };
  }

  public static io.baton.proto.v1.Digest toWire(Digest digest) {
    // value() is already a copy of its own.
    return io.baton.proto.v1.Digest.newBuilder()
        .setAlgorithm(toWire(digest.algorithm()))
        .setValue(UnsafeByteOperations.unsafeWrap(digest.value()))
        .build();
  }

  public static Digest fromWire(io.baton.proto.v1.Digest wire) throws MalformedFrameException {
    Digest.Algorithm algorithm = fromWire(wire.getAlgorithmValue(), "algorithm");
    ByteString value = wire.getValue();
    if (value.size() != algorithm.bytes()) {
      throw new MalformedFrameException(
          "value",
          "%d bytes; a digest by %s has %d".formatted(value.size(), algorithm, algorithm.bytes()));
    }
    return new Digest(algorithm, value.toByteArray());
  }
}
