package io.baton.cli.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelEnds;
import io.baton.stages.ModelException;
import io.baton.stages.TokenText;
import io.baton.stages.UnsplitModel;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A real model, SmolLM2-135M-Instruct, goes on as it does in transformers: ids, tokens, texts and
 * ends, of twenty prompts. What is expected is made by {@code src/test/python/smollm2_expected.py}.
 *
 * <p>The model is not in the repository. {@code .ci/real-model} gets it, and says in which
 * directory it is: {@code -Dbaton.smollm2=DIR}. Without it, this is skipped.
 */
class RealModelTest {

  private static final String PATH = System.getProperty("baton.smollm2", "");
  private static final int PROMPTS = 20;
  private static final int TOKENS = 64;

  /** {@code <|im_end|>}, at which transformers stops, as {@code generation_config.json} says. */
  private static final int END = 2;

  private static final int STAGES = 3;
  private static final long POOL_BYTES = 4L << 20;

  record Expected(List<Integer> tokens, String text, double nearest) {}

  @SuppressWarnings("ArrayRecordComponent")
  record Case(String kind, String prompt, int[] ids, Expected f32, Expected bf16) {
    Expected of(String dtype) {
      return dtype.equals("f32") ? f32 : bf16;
    }
  }

  /** So that one prompt that goes on otherwise hides no other. */
  private final SoftAssertions softly = new SoftAssertions();

  @BeforeAll
  static void needsTheModel() {
    assumeTrue(!PATH.isEmpty(), "no real model: .ci/real-model gets one, for -Dbaton.smollm2=DIR");
  }

  @ParameterizedTest
  @ValueSource(strings = {"f32", "bf16"})
  void generate_unsplit_asTransformers(String dtype) throws Exception {
    try (UnsplitModel model = UnsplitModel.load(model(dtype))) {
      ModelEnds ends = model.ends();
      for (Case given : cases()) {
        Expected expected = given.of(dtype);
        softly.assertThat(ends.encode(given.prompt())).as(given.prompt()).isEqualTo(given.ids());
        TokenText text = ends.decoder();
        StringBuilder streamed = new StringBuilder();
        List<Integer> tokens =
            model.generate(given.ids(), TOKENS, token -> streamed.append(text.next(token)));
        streamed.append(text.finish());
        softly.assertThat(tokens).as(given.prompt()).isEqualTo(expected.tokens());
        softly.assertThat(streamed).as(given.prompt()).hasToString(expected.text());
        softly
            .assertThat(ends.isEnd(tokens.getLast()))
            .as(given.prompt())
            .isEqualTo(expected.tokens().getLast() == END);
      }
    }
    softly.assertAll();
  }

  @ParameterizedTest
  @ValueSource(strings = {"f32", "bf16"})
  void generate_inAChainOfThree_asTransformers(String dtype) throws Exception {
    try (Chain chain = Chain.start(model(dtype), List.of())) {
      for (Case given : cases()) {
        check(given, given.of(dtype), chain, List.of());
      }
    }
    softly.assertAll();
  }

  /** Each stage in its turn, and with each prompt a little later in the text. */
  @ParameterizedTest
  @ValueSource(strings = {"f32", "bf16"})
  void generate_inAChainOfWhichAStageIsKilled_asTransformers(String dtype) throws Exception {
    List<Case> cases = cases();
    List<Kill> kills = new ArrayList<>();
    for (int i = 0; i < PROMPTS; i++) {
      int tokens = cases.get(i).of(dtype).tokens().size();
      kills.add(new Kill(1 + i % STAGES, tokens * i / PROMPTS));
    }
    try (Chain chain = Chain.start(model(dtype), kills)) {
      for (int i = 0; i < PROMPTS; i++) {
        check(cases.get(i), cases.get(i).of(dtype), chain, List.of(kills.get(i)));
      }
    }
    softly.assertAll();
  }

  private void check(Case given, Expected expected, Chain chain, List<Kill> kills)
      throws Exception {
    String as = "%s, killed %s".formatted(given.prompt(), kills);
    ChainRun.Result result = chain.run().run(given.ids(), TOKENS, kills, Stage.EMPTY);
    softly.assertThat(result.tokens()).as(as).isEqualTo(expected.tokens());
    softly.assertThat(result.failovers()).as(as).hasSameSizeAs(kills);
    softly.assertThat(result.neverKilled()).as(as).isEmpty();
  }

  /** A chain with a spare for each kill. */
  private record Chain(ModelEnds ends, Fleet fleet, BatonClient client, ChainRun run)
      implements AutoCloseable {

    static Chain start(ModelDirectory model, List<Kill> kills) throws Exception {
      Fleet fleet =
          Fleet.start(
              model,
              new Fleet.Plan(STAGES, kills, false, Duration.ZERO),
              (name, directory, share, listen) ->
                  InProcessStage.start(name, directory, share, listen, POOL_BYTES));
      BatonClient client = BatonClient.create(ClientOptions.of(fleet.peers()));
      ModelEnds ends = ModelEnds.load(model);
      return new Chain(
          ends, fleet, client, new ChainRun(model, ends, client, fleet, STAGES, true, false));
    }

    @Override
    public void close() {
      client.close();
      fleet.close();
      ends.close();
    }
  }

  private static ModelDirectory model(String dtype) throws ModelException {
    return ModelDirectory.open(Path.of(PATH, dtype));
  }

  private static List<Case> cases() throws Exception {
    try (InputStream file =
        Objects.requireNonNull(RealModelTest.class.getResourceAsStream("smollm2.json"))) {
      List<Case> cases =
          new ObjectMapper()
              .readValue(new InputStreamReader(file, UTF_8), new TypeReference<List<Case>>() {});
      assertThat(cases).hasSize(PROMPTS);
      return cases;
    }
  }
}
