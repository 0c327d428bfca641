package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * How far back the layers of a model look. Jlama's look back to the beginning, which is the same
 * for as long as a session is no longer than the window.
 *
 * @param tokens the most that a token looks at, itself among them; of several layers the least
 */
record AttentionWindow(int tokens) {

  static final AttentionWindow NONE = new AttentionWindow(Integer.MAX_VALUE);

  private static final String SIZE = "sliding_window";
  private static final String SWITCH = "use_sliding_window";
  private static final String LAYERS = "layer_types";

  /** Where config.json has no size: transformers' own for the architectures that slide. */
  private static final int DEFAULT_SIZE = 4096;

  /**
   * @throws ModelException if config.json says what is not known, or two things
   */
  static AttentionWindow read(ConfigReader config, Architecture architecture, int layers)
      throws ModelException {
    List<Boolean> sliding = sliding(config, layers);
    boolean some = sliding.isEmpty() || sliding.contains(true);
    return switch (architecture) {
      // Always, in all layers.
      case MISTRAL -> new AttentionWindow(size(config));
      // Always, in every other layer, or in those that are named.
      case GEMMA2 -> some ? new AttentionWindow(size(config)) : NONE;
      case QWEN2 -> {
        boolean on = config.flag(SWITCH, false);
        if (on && !config.has(SIZE)) {
          throw config.problem("%s is true, but there is no %s".formatted(SWITCH, SIZE));
        }
        if (!on && sliding.contains(true)) {
          throw config.problem(
              "%s has sliding layers, but %s is not true".formatted(LAYERS, SWITCH));
        }
        yield on && some ? new AttentionWindow(config.positive(SIZE)) : NONE;
      }
      // These have no windows; what the file says of some is taken at its word all the same.
      case LLAMA, GRANITE, GEMMA ->
          some && config.has(SIZE) ? new AttentionWindow(config.positive(SIZE)) : NONE;
    };
  }

  /** None only where the file says that there is none. */
  private static int size(ConfigReader config) throws ModelException {
    JsonNode size = config.json().path(SIZE);
    if (size.isNull()) {
      return Integer.MAX_VALUE;
    }
    return size.isMissingNode() ? DEFAULT_SIZE : config.positive(SIZE);
  }

  /** Which layers slide, if the file says it by layer. */
  private static List<Boolean> sliding(ConfigReader config, int layers) throws ModelException {
    if (!config.has(LAYERS)) {
      return List.of();
    }
    List<Boolean> sliding = new ArrayList<>();
    for (JsonNode type : config.json().get(LAYERS)) {
      switch (type.asText()) {
        case "full_attention" -> sliding.add(false);
        case "sliding_attention" -> sliding.add(true);
        default -> throw config.problem("%s has a layer of type %s".formatted(LAYERS, type));
      }
    }
    if (sliding.size() != layers) {
      throw config.problem(
          "%s names %d layers, but num_hidden_layers is %d"
              .formatted(LAYERS, sliding.size(), layers));
    }
    return List.copyOf(sliding);
  }
}
