package io.baton.stages;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.tensor.AbstractTensor;
import io.baton.session.model.Tensor;
import java.nio.ByteBuffer;

/** Copies rows of activations between Baton's tensors and Jlama's, which are reused once closed. */
final class JlamaTensors {

  private JlamaTensors() {}

  /**
   * A tensor of Jlama's with a copy of {@code rows}, f32 [n, hidden]; whoever it is passed to
   * closes it, once: one closed twice would be handed out twice.
   */
  static AbstractTensor<?, ?> copyIn(AbstractModel model, Tensor rows) {
    AbstractTensor<?, ?> copy =
        model.makeDenseTensor(rows.spec().rows(), rows.spec().shape().getLast());
    copy.getMemorySegment().asByteBuffer().put(rows.data());
    return copy;
  }

  /** Appends the elements of {@code rows} to {@code target}, and closes {@code rows}. */
  static void moveOut(AbstractTensor<?, ?> rows, ByteBuffer target) {
    try (rows) {
      if (rows.dType() != DType.F32) {
        throw new IllegalStateException("Jlama answered in " + rows.dType());
      }
      target.put(rows.getMemorySegment().asByteBuffer());
    }
  }
}
