package io.baton.stages;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The architectures that can be served: causal models that Jlama loads, whose weights are named in
 * the manner of Llama.
 */
enum Architecture {
  LLAMA(true),
  MISTRAL(true),
  QWEN2(true),
  GRANITE(true),
  // Jlama numbers the layers of a Gemma shard from the model's first layer, not from the shard's,
  // and fails for any shard that is not the whole.
  GEMMA(false),
  GEMMA2(false);

  private final boolean splits;

  Architecture(boolean splits) {
    this.splits = splits;
  }

  /** The value of {@code model_type} in config.json. */
  String modelType() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether Jlama can run a part of the layers alone. */
  boolean splits() {
    return splits;
  }

  static Optional<Architecture> ofModelType(String modelType) {
    return Arrays.stream(values()).filter(a -> a.modelType().equals(modelType)).findFirst();
  }

  /** All values of {@code model_type} that are supported, for messages. */
  static String supported() {
    return Arrays.stream(values()).map(Architecture::modelType).collect(Collectors.joining(", "));
  }
}
