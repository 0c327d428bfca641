package io.baton.stages;

import com.github.tjake.jlama.tensor.AbstractTensor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The rows that stand for tokens before the first layer. They are read here, and not by Jlama,
 * which gets the second half of each vector wrong where the rows have 16 bits, and rounds the
 * factor of a Gemma.
 */
record TokenEmbedding(AbstractTensor<?, ?> rows, int width, @Nullable Float factor) {

  static final String NAME = "model.embed_tokens.weight";

  /** Appends the row of {@code token} to {@code target}, as f32. */
  void copyTo(ByteBuffer target, int token) {
    for (int i = 0; i < width; i++) {
      float value = rows.get(token, i);
      target.putFloat(factor == null ? value : value * factor);
    }
  }
}
