package io.baton.session.exchange;

import io.baton.session.model.TensorSpec;

/** What a chunk is. */
public sealed interface Content {

  /** The elements of a tensor, densely packed. */
  record OfTensor(TensorSpec spec) implements Content {

    @Override
    public long bytes() {
      return spec.bytes();
    }

    @Override
    public String toString() {
      return spec.toString();
    }
  }

  /** An object, serialised. */
  record OfObject(long bytes) implements Content {

    /**
     * @throws IllegalArgumentException if the number of bytes is negative
     */
    public OfObject {
      if (bytes < 0) {
        throw new IllegalArgumentException("an object of %d bytes".formatted(bytes));
      }
    }

    @Override
    public String toString() {
      return "an object of %d bytes".formatted(bytes);
    }
  }

  /** How many bytes it takes. */
  long bytes();
}
