package io.baton.session.model;

import java.util.Set;

/**
 * What a stage executor computes: a span of the layers of one model.
 *
 * @param modelId fingerprint of the model; stages chain only if theirs are equal
 * @param modelLayers number of layers of the whole model
 * @param span the layers that this stage runs
 * @param inputRow type and shape of one token's activations at the stage's entrance, outermost
 *     dimension 1
 * @param outputRow the same at its exit
 * @param maxLength the most tokens that a session may hold
 * @param sideInputs names of the side inputs that the stage understands; a step that brings another
 *     is refused
 */
public record StageInfo(
    String modelId,
    int modelLayers,
    LayerSpan span,
    TensorSpec inputRow,
    TensorSpec outputRow,
    int maxLength,
    Set<String> sideInputs) {

  public StageInfo {
    sideInputs = Set.copyOf(sideInputs);
    if (span.end() > modelLayers) {
      throw new IllegalArgumentException("%s of a model of %d layers".formatted(span, modelLayers));
    }
    if (maxLength <= 0) {
      throw new IllegalArgumentException("a stage must hold at least one token, not " + maxLength);
    }
    if (inputRow.shape().isEmpty()
        || inputRow.rows() != 1
        || outputRow.shape().isEmpty()
        || outputRow.rows() != 1) {
      throw new IllegalArgumentException(
          "a row of activations has outermost dimension 1: %s, %s".formatted(inputRow, outputRow));
    }
  }
}
