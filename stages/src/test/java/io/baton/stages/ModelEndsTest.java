package io.baton.stages;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelEndsTest {

  private ModelEnds ends;

  @BeforeEach
  void load() throws Exception {
    ends = ModelEnds.load(DemoModel.open());
  }

  @AfterEach
  void unload() {
    ends.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Relay: Ana, Ben.\n",
        " two  spaces\t\r\n ",
        "Zo\u00eb r\u00fcnt \u2192 \ud83c\udfc3\u200d\u2640\ufe0f",
        "\u00a0\u0000\u007f\u00ad\u0100"
      })
  void encode_anyText_beginningThenItsBytes(String text) {
    int[] tokens = ends.encode(text);
    assertThat(tokens[0]).isZero();
    byte[] bytes = text.getBytes(UTF_8);
    assertThat(Arrays.copyOfRange(tokens, 1, tokens.length))
        .isEqualTo(IntStream.range(0, bytes.length).map(i -> 2 + (bytes[i] & 0xff)).toArray());
    assertThat(ends.decode(tokens)).isEqualTo(text);
  }

  @Test
  void encode_marksSpelledOut_tokensOfTheirOwn() {
    assertThat(ends.encode("<s>A</s>")).containsExactly(0, 0, 67, 1);
  }

  @Test
  void next_characterInSeveralTokens_comesWithTheLast() {
    TokenText text = ends.decoder();
    assertThat(text.next(2 + 'A')).isEqualTo("A");
    assertThat(text.next(2 + 0xe2)).isEmpty();
    assertThat(text.next(2 + 0x86)).isEmpty();
    assertThat(text.next(2 + 0x92)).isEqualTo("\u2192");
    assertThat(text.next(2 + 0xf0)).isEmpty();
    assertThat(text.next(2 + 'B')).isEqualTo("\ufffdB");
    assertThat(text.next(2 + 0xc3)).isEmpty();
    assertThat(text.finish()).isEqualTo("\ufffd");
    assertThat(text.next(2 + 'C')).isEqualTo("C");
  }

  @Test
  void next_surrogatePair_whole() {
    TokenText text = ends.decoder();
    assertThat(text.next(2 + 0xf0) + text.next(2 + 0x9f) + text.next(2 + 0x8f)).isEmpty();
    assertThat(text.next(2 + 0x83)).isEqualTo("\ud83c\udfc3");
  }

  @Test
  void decode_specialTokens_noText() {
    assertThat(ends.decode(0, 67, 1)).isEqualTo("A");
  }

  @Test
  void isEnd_onlyOfTheEnd() {
    assertThat(ends.isEnd(1)).isTrue();
    assertThat(ends.isEnd(0)).isFalse();
    assertThat(ends.isEnd(67)).isFalse();
  }

  @Test
  void embed_tokens_aRowEach() {
    Tensor rows = ends.embed(5, 6, 5);
    assertThat(rows.spec()).isEqualTo(TensorSpec.of(DType.F32, 3, 128));
    assertThat(rows.rows(0, 1)).isEqualTo(rows.rows(2, 1)).isNotEqualTo(rows.rows(1, 1));
    assertThat(rows.rows(1, 1)).isEqualTo(ends.embed(6));
  }

  @Test
  void embed_moreThanJlamaEmbedsAtOnce_all() {
    int[] tokens = ChainTest.tokens(600, 0);
    Tensor rows = ends.embed(tokens);
    assertThat(rows.spec().rows()).isEqualTo(600);
    for (int i : new int[] {0, 255, 256, 511, 512, 599}) {
      assertThat(rows.rows(i, 1)).as("row %d", i).isEqualTo(ends.embed(tokens[i]));
    }
  }

  @Test
  void embed_noTokensOrUnknownOnes_refused() {
    assertThatIllegalArgumentException().isThrownBy(() -> ends.embed());
    assertThatIllegalArgumentException().isThrownBy(() -> ends.embed(0, -1));
    assertThatIllegalArgumentException().isThrownBy(() -> ends.embed(258));
  }

  @Test
  void nextToken_sameRow_sameToken() {
    Tensor row = ends.embed(70);
    int token = ends.nextToken(row);
    for (int i = 0; i < 20; i++) {
      assertThat(ends.nextToken(row)).isEqualTo(token);
    }
  }

  @Test
  void nextToken_allEquallyLikely_lowest() {
    assertThat(ends.nextToken(Tensor.ofFloats(new float[128], 1, 128))).isZero();
  }

  @Test
  void nextToken_wrongRow_refused() {
    assertThatIllegalArgumentException().isThrownBy(() -> ends.nextToken(ends.embed(1, 2)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ends.nextToken(Tensor.ofFloats(new float[64], 1, 64)));
  }

  @Test
  void nextToken_notNumbers_refused() {
    float[] values = new float[128];
    Arrays.fill(values, Float.NaN);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ends.nextToken(Tensor.ofFloats(values, 1, 128)));
  }
}
