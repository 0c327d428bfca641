package io.baton.stages;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.tensor.AbstractTensor;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The two ends of a model, which the client computes: from text to the activations that enter the
 * first layer, and from those that leave the last one to the next token and its text.
 *
 * <p>Safe for use by several threads.
 */
public final class ModelEnds implements AutoCloseable {

  private final ModelDirectory directory;
  private final LoadedModel model;
  private final TokenEmbedding embedding;
  private final TokenPieces pieces;

  private ModelEnds(ModelDirectory directory, LoadedModel model) {
    this.directory = directory;
    this.model = model;
    this.embedding =
        new TokenEmbedding(
            model.weights().load(TokenEmbedding.NAME),
            directory.hiddenSize(),
            directory.config().arithmetic().scales().embedding());
    this.pieces = new TokenPieces(model.jlama().getTokenizer(), directory.tokenizer().byteLevel());
  }

  /**
   * Loads the ends of a model.
   *
   * @throws ModelException if Jlama cannot load them
   */
  public static ModelEnds load(ModelDirectory directory) throws ModelException {
    return new ModelEnds(directory, LoadedModel.output(directory));
  }

  /**
   * The tokens of {@code text}, after the one that marks a beginning where the model asks for it.
   */
  public int[] encode(String text) {
    int[] tokens =
        LongStream.of(model.jlama().getTokenizer().encode(alphabet(text)))
            .mapToInt(Math::toIntExact)
            .toArray();
    if (!directory.tokenizer().beginsText()) {
      return tokens;
    }
    int begin = model.jlama().getConfig().bosToken;
    if (tokens.length > 0 && tokens[0] == begin) {
      return tokens;
    }
    return IntStream.concat(IntStream.of(begin), Arrays.stream(tokens)).toArray();
  }

  /**
   * Jlama takes each character for a byte where the vocabulary's pieces are made of bytes, and
   * drops or confuses those beyond ASCII: it is given one character for each byte of the text.
   */
  private String alphabet(String text) {
    return directory.tokenizer().byteLevel()
        ? new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)
        : text;
  }

  /**
   * What enters the first layer for {@code tokens}: f32 [n, hidden].
   *
   * @throws IllegalArgumentException if there are no tokens, or one is not the model's
   */
  public Tensor embed(int... tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("no tokens to embed");
    }
    for (int token : tokens) {
      if (token < 0 || token >= directory.vocabularySize()) {
        throw new IllegalArgumentException(
            "token %d is not of a vocabulary of %d".formatted(token, directory.vocabularySize()));
      }
    }
    TensorSpec spec = TensorSpec.of(DType.F32, tokens.length, directory.hiddenSize());
    ByteBuffer rows =
        ByteBuffer.allocate(Math.toIntExact(spec.bytes())).order(ByteOrder.LITTLE_ENDIAN);
    for (int token : tokens) {
      embedding.copyTo(rows, token);
    }
    return Tensor.wrap(spec, rows.flip());
  }

  /**
   * The likeliest token after one whose row, f32 [1, hidden], has left the last layer; of several
   * that are equally likely, the lowest.
   *
   * @throws IllegalArgumentException if {@code row} is not such a row, or not of numbers
   */
  public int nextToken(Tensor row) {
    TensorSpec expected = TensorSpec.of(DType.F32, 1, directory.hiddenSize());
    if (!row.spec().equals(expected)) {
      throw new IllegalArgumentException("expected %s, not %s".formatted(expected, row.spec()));
    }
    int token = JlamaRuntime.compute(() -> likeliest(row));
    if (token < 0) {
      throw new IllegalArgumentException("the last layer's output is not of numbers");
    }
    return token;
  }

  private int likeliest(Tensor row) {
    AbstractModel jlama = model.jlama();
    try (AbstractTensor<?, ?> output = JlamaTensors.copyIn(jlama, row);
        AbstractTensor<?, ?> logits = jlama.makeDenseTensor(1, directory.vocabularySize())) {
      return jlama.sample(output, 0.0f, 0.0f, logits);
    }
  }

  /** Whether {@code token} ends a sequence. */
  public boolean isEnd(int token) {
    return model.jlama().getConfig().eosTokens.contains(token);
  }

  /** Starts turning a sequence of tokens into text, one token at a time. */
  public TokenText decoder() {
    return new TokenText(pieces);
  }

  /** The text of {@code tokens}. */
  public String decode(int... tokens) {
    TokenText decoder = decoder();
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.next(token));
    }
    return text.append(decoder.finish()).toString();
  }

  @Override
  public void close() {
    model.close();
  }
}
