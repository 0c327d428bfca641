package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How a model turns positions into angles: pair {@code i} of a head's values is rotated by {@code
 * position * frequency(i)}.
 *
 * <p>config.json says it in one of two layouts. Up to version 4 of transformers the base stands in
 * {@code rope_theta} and what scales it in {@code rope_scaling}; from version 5 on all of it stands
 * in {@code rope_parameters}. A file that has several of them must say the same in each.
 *
 * @param base of the frequencies, which fall from 1 to nearly 1 / base
 */
record RotaryEmbedding(double base, Scaling scaling) {

  /** What is done to the frequencies for contexts longer than those of the training. */
  sealed interface Scaling {

    /** The frequency in place of {@code plain}. */
    double scale(double plain);
  }

  /** Nothing. */
  record Unscaled() implements Scaling {
    @Override
    public double scale(double plain) {
      return plain;
    }
  }

  /** All are divided by the same factor. */
  record Linear(double factor) implements Scaling {
    @Override
    public double scale(double plain) {
      return plain / factor;
    }
  }

  /**
   * As Llama 3 does it: frequencies of short waves stay, those of long waves are divided, and those
   * between are weighed, by how often the wave fits into the training's context.
   *
   * @param low how often a long wave fits at most
   * @param high how often a short wave fits at least
   * @param context of the training
   */
  record Llama3(double factor, double low, double high, int context) implements Scaling {
    @Override
    public double scale(double plain) {
      double fits = context * plain / (2 * Math.PI);
      double kept = Math.clamp((fits - low) / (high - low), 0.0, 1.0);
      return (1 - kept) * plain / factor + kept * plain;
    }
  }

  /** The base where config.json has none, in all architectures that are supported. */
  private static final double DEFAULT_BASE = 10_000;

  private static final String BASE = "rope_theta";
  private static final String SCALING = "rope_scaling";
  private static final String PARAMETERS = "rope_parameters";
  private static final String PARTIAL = "partial_rotary_factor";

  /** The frequency of pair {@code i} of a head of {@code headSize} values. */
  double frequency(int i, int headSize) {
    return scaling.scale(Math.pow(base, -2.0 * i / headSize));
  }

  /**
   * @param config the contents of config.json
   * @throws ModelException if it says what is not supported, or two things
   */
  static RotaryEmbedding read(ConfigReader config) throws ModelException {
    List<ConfigReader> said = new ArrayList<>();
    for (String key : new String[] {SCALING, PARAMETERS}) {
      config.object(key).filter(object -> !object.json().isEmpty()).ifPresent(said::add);
    }
    checkWhole(config);
    for (ConfigReader object : said) {
      checkWhole(object);
    }
    Scaling scaling = new Unscaled();
    for (int i = 0; i < said.size(); i++) {
      Scaling read = scaling(said.get(i));
      if (i > 0 && !read.equals(scaling)) {
        throw config.problem("%s and %s differ".formatted(SCALING, PARAMETERS));
      }
      scaling = read;
    }
    return new RotaryEmbedding(base(config, said), scaling);
  }

  private static double base(ConfigReader config, List<ConfigReader> said) throws ModelException {
    Optional<ConfigReader> source = Optional.empty();
    List<ConfigReader> places = new ArrayList<>(said);
    places.addFirst(config);
    for (ConfigReader place : places) {
      if (!place.has(BASE)) {
        continue;
      }
      if (source.isPresent() && source.get().positiveNumber(BASE) != place.positiveNumber(BASE)) {
        throw config.problem(
            "%s%s %s and %s%s %s differ"
                .formatted(
                    source.get().path(),
                    BASE,
                    source.get().json().get(BASE),
                    place.path(),
                    BASE,
                    place.json().get(BASE)));
      }
      source = Optional.of(place);
    }
    return source.isPresent() ? source.get().positiveNumber(BASE) : DEFAULT_BASE;
  }

  private static void checkWhole(ConfigReader place) throws ModelException {
    if (place.positiveNumber(PARTIAL, 1) != 1) {
      throw place.unsupported(PARTIAL, "is not supported: Jlama rotates whole heads");
    }
  }

  private static Scaling scaling(ConfigReader object) throws ModelException {
    String type = type(object);
    return switch (type) {
      case "default" -> {
        checkKeys(object, type, Set.of());
        yield new Unscaled();
      }
      case "linear" -> {
        checkKeys(object, type, Set.of("factor"));
        yield new Linear(object.positiveNumber("factor"));
      }
      case "llama3" -> {
        String context = "original_max_position_embeddings";
        checkKeys(object, type, Set.of("factor", "low_freq_factor", "high_freq_factor", context));
        Llama3 llama3 =
            new Llama3(
                object.positiveNumber("factor"),
                object.positiveNumber("low_freq_factor"),
                object.positiveNumber("high_freq_factor"),
                object.positive(context));
        if (llama3.high() <= llama3.low()) {
          throw object.unsupported("high_freq_factor", "is not more than low_freq_factor");
        }
        yield llama3;
      }
      default ->
          throw object.problem(
              "%srope_type \"%s\" is not supported; these are: default, linear, llama3"
                  .formatted(object.path(), type));
    };
  }

  /** The type, under its name of today or the one before. */
  private static String type(ConfigReader object) throws ModelException {
    Optional<String> today = object.text("rope_type");
    Optional<String> before = object.text("type");
    if (today.isPresent() && before.isPresent() && !today.equals(before)) {
      throw object.problem(
          "%srope_type \"%s\" and type \"%s\" differ"
              .formatted(object.path(), today.get(), before.get()));
    }
    return today.or(() -> before).orElse("default");
  }

  private static void checkKeys(ConfigReader object, String type, Set<String> known)
      throws ModelException {
    for (Map.Entry<String, JsonNode> property : object.json().properties()) {
      String key = property.getKey();
      boolean common = Set.of("rope_type", "type", BASE, PARTIAL).contains(key);
      if (!common && !known.contains(key) && object.has(key)) {
        throw object.unsupported(key, "is not a parameter of the rope_type \"%s\"".formatted(type));
      }
    }
  }
}
