package io.baton.stages;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the files beside a model's weights say of its text, checked against the model.
 *
 * @param file tokenizer.json
 * @param beginning the token that config.json says begins a text; it has no part in what does
 * @param frame what stands around a text, where tokenizer_config.json says it; otherwise
 *     tokenizer.json's post-processor does
 * @param cuts where a sequence may be cut to be decoded piece by piece
 * @param byteTokens the tokens that stand for one byte of a letter that the vocabulary lacks
 * @param ends the tokens that end a text
 * @param contradictions what the files say in two ways, and which one counts: a sentence each
 */
record TokenizerFiles(
    Path file,
    Optional<Integer> beginning,
    Optional<Frame> frame,
    TextCuts cuts,
    Set<Integer> byteTokens,
    Set<Integer> ends,
    List<String> contradictions) {

  /** Other layouts of a tokenizer, from which a tokenizer.json can be made. */
  private static final List<String> OTHER_LAYOUTS =
      List.of("tokenizer.model", "tekken.json", "vocab.json", "spiece.model");

  TokenizerFiles {
    byteTokens = Set.copyOf(byteTokens);
    ends = Set.copyOf(ends);
    contradictions = List.copyOf(contradictions);
  }

  /**
   * @param config the contents of config.json
   * @param vocabulary how many tokens the model has rows for
   */
  static TokenizerFiles read(Path directory, JsonNode config, int vocabulary)
      throws ModelException {
    Path file = directory.resolve("tokenizer.json");
    if (!Files.exists(file)) {
      throw new ModelException(directory, "holds no tokenizer.json" + insteadOfIt(directory));
    }
    JsonNode json = Json.readObject(file);
    Vocabulary tokens = Vocabulary.of(file, json, vocabulary);
    TokenizerSettings settings = TokenizerSettings.read(directory, tokens);
    List<String> contradictions = new ArrayList<>();
    Set<Integer> ends =
        EndTokens.read(directory, config, vocabulary, settings.end(), contradictions);
    return new TokenizerFiles(
        file,
        Optional.of(config.path("bos_token_id")).filter(JsonNode::isInt).map(JsonNode::intValue),
        settings.frame(),
        TextCuts.of(json.path("decoder")),
        tokens.byteTokens(),
        ends,
        contradictions);
  }

  /**
   * What is said in two ways of the tokens around a text.
   *
   * @param added what the post-processor puts there
   */
  List<String> contradictions(Frame added) {
    List<String> all = new ArrayList<>(contradictions);
    Frame counting = frame.orElse(added);
    if (!counting.equals(added)) {
      all.add(
          "tokenizer_config.json asks for the tokens %s a text, and tokenizer.json for %s it; tokenizer_config.json counts"
              .formatted(counting, added));
    }
    if (beginning.isPresent()
        && !counting.before().isEmpty()
        && !counting.before().contains(beginning.get())) {
      all.add(
          "config.json has the bos_token_id %d, and the tokenizer puts %s before a text; the tokenizer counts"
              .formatted(beginning.get(), counting.before()));
    }
    return all;
  }

  private static String insteadOfIt(Path directory) {
    return OTHER_LAYOUTS.stream()
        .filter(name -> Files.exists(directory.resolve(name)))
        .findFirst()
        .map(
            name ->
                ", only a %s: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR) of transformers makes one of it"
                    .formatted(name))
        .orElse("");
  }

  /** The tokens of tokenizer.json, each of which the model has a row for. */
  record Vocabulary(Map<String, Integer> added, JsonNode model, Set<Integer> byteTokens) {

    private static final int BYTE_TOKEN_LENGTH = "<0x00>".length();

    Vocabulary {
      added = Map.copyOf(added);
      byteTokens = Set.copyOf(byteTokens);
    }

    static Vocabulary of(Path file, JsonNode json, int rows) throws ModelException {
      JsonNode vocabulary = json.path("model").path("vocab");
      if (vocabulary.isEmpty()) {
        throw new ModelException(file, "has no model.vocab");
      }
      Set<Integer> byteTokens = new HashSet<>();
      Reader reader = new Reader(file, rows, byteTokens);
      if (vocabulary.isObject()) {
        for (Map.Entry<String, JsonNode> token : vocabulary.properties()) {
          reader.add(token.getKey(), token.getValue());
        }
      } else {
        // Unigram's vocabulary: pieces with their scores, numbered as they stand.
        reader.addAll(vocabulary);
      }
      Map<String, Integer> added = new HashMap<>();
      for (JsonNode token : json.path("added_tokens")) {
        String content = token.path("content").asText();
        added.put(content, reader.add(content, token.path("id")));
      }
      return new Vocabulary(added, vocabulary, byteTokens);
    }

    private record Reader(Path file, int rows, Set<Integer> byteTokens) {

      int add(String token, JsonNode id) throws ModelException {
        if (!id.isInt() || id.intValue() < 0) {
          throw new ModelException(
              file, "token \"%s\" has the id %s, which is none".formatted(token, id));
        }
        add(token, id.intValue());
        return id.intValue();
      }

      void addAll(JsonNode pieces) throws ModelException {
        int id = 0;
        for (JsonNode piece : pieces) {
          add(piece.path(0).asText(), id++);
        }
      }

      private void add(String token, int id) throws ModelException {
        if (id >= rows) {
          throw new ModelException(
              file,
              "token \"%s\" has the id %d, and the model has %d tokens (vocab_size)"
                  .formatted(token, id, rows));
        }
        if (token.length() == BYTE_TOKEN_LENGTH && token.startsWith("<0x") && token.endsWith(">")) {
          byteTokens.add(id);
        }
      }
    }

    /** The id of a token. */
    Optional<Integer> id(String token) {
      return Optional.ofNullable(added.get(token))
          .or(() -> Optional.of(model.path(token)).filter(JsonNode::isInt).map(JsonNode::intValue));
    }
  }
}
