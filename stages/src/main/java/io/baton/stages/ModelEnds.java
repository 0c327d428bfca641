package io.baton.stages;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.tensor.AbstractTensor;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two ends of a model, which the client computes: from text to the activations that enter the
 * first layer, and from those that leave the last one to the next token and its text.
 *
 * <p>Safe for use by several threads.
 */
public final class ModelEnds implements AutoCloseable {

  private static final Logger logger = LoggerFactory.getLogger(ModelEnds.class);

  private final ModelDirectory directory;
  private final LoadedModel model;
  private final TokenEmbedding embedding;
  private final Tokenizer tokenizer;
  private final TextContext context;

  private ModelEnds(ModelDirectory directory, LoadedModel model, Tokenizer tokenizer) {
    this.directory = directory;
    this.model = model;
    this.embedding =
        new TokenEmbedding(
            model.weights().load(TokenEmbedding.NAME),
            directory.hiddenSize(),
            directory.config().arithmetic().scales().embedding());
    this.tokenizer = tokenizer;
    this.context = TextContext.of(tokenizer, directory.tokenizer(), directory.vocabularySize());
  }

  /**
   * Loads the ends of a model, and warns of what its files say in two ways.
   *
   * @throws ModelException if Jlama or the tokenizer library cannot load them
   * @throws TokenizerLibraryException if this machine cannot load the tokenizer library
   */
  public static ModelEnds load(ModelDirectory directory) throws ModelException {
    Tokenizer tokenizer = Tokenizer.load(directory.tokenizer().file());
    try {
      for (String sentence : directory.tokenizer().contradictions(tokenizer.frame())) {
        logger.warn("{}: {}", directory.path(), sentence);
      }
      return new ModelEnds(directory, LoadedModel.output(directory), tokenizer);
    } catch (ModelException | RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** The tokens of {@code text}, with those that the tokenizer's files put around every text. */
  public int[] encode(String text) {
    return directory
        .tokenizer()
        .frame()
        .map(frame -> frame.around(tokenizer.encode(text, false)))
        .orElseGet(() -> tokenizer.encode(text, true));
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
    float[] logits = logits(row);
    int likeliest = -1;
    for (int token = 0; token < logits.length; token++) {
      // A comparison with what is not a number is false.
      if (logits[token] > (likeliest < 0 ? Float.NEGATIVE_INFINITY : logits[likeliest])) {
        likeliest = token;
      }
    }
    if (likeliest < 0) {
      throw new IllegalArgumentException("the last layer's output is not of numbers");
    }
    return likeliest;
  }

  /**
   * How likely each token is after such a row, as the model weighs it.
   *
   * @throws IllegalArgumentException if {@code row} is not such a row
   */
  float[] logits(Tensor row) {
    TensorSpec expected = TensorSpec.of(DType.F32, 1, directory.hiddenSize());
    if (!row.spec().equals(expected)) {
      throw new IllegalArgumentException("expected %s, not %s".formatted(expected, row.spec()));
    }
    return JlamaRuntime.compute(() -> weigh(row));
  }

  private float[] weigh(Tensor row) {
    AbstractModel jlama = model.jlama();
    try (AbstractTensor<?, ?> output = JlamaTensors.copyIn(jlama, row);
        AbstractTensor<?, ?> logits = jlama.makeDenseTensor(1, directory.vocabularySize())) {
      // Jlama looks for the likeliest on its way, but leaves the logits only here.
      jlama.sample(output, 0.0f, 0.0f, logits);
      float[] weighed = new float[directory.vocabularySize()];
      logits
          .getMemorySegment()
          .asByteBuffer()
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(weighed);
      return weighed;
    }
  }

  /** Whether {@code token} ends a sequence. */
  public boolean isEnd(int token) {
    return directory.tokenizer().ends().contains(token);
  }

  /** Starts turning a sequence of tokens into text, one token at a time. */
  public TokenText decoder() {
    return new TokenText(tokenizer, context);
  }

  /** The text of {@code tokens}, but for those that are marks of the model's own. */
  public String decode(int... tokens) {
    return tokenizer.decode(tokens);
  }

  @Override
  public void close() {
    tokenizer.close();
    model.close();
  }
}
