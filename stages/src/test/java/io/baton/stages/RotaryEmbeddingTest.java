package io.baton.stages;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What config.json says of rotations is read in both layouts, or refused by name. */
class RotaryEmbeddingTest {

  private static final Path FILE = Path.of("config.json");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|10000",
        "{'rope_theta':500000.0}|500000",
        "{'rope_theta':1000000,'rope_scaling':null}|1000000",
        "{'rope_parameters':{'rope_theta':100000,'rope_type':'default'}}|100000",
        "{'rope_theta':1e5,'rope_parameters':{'rope_theta':100000,'rope_type':'default'}}|100000",
        "{'rope_theta':20000,'rope_scaling':{'type':'default'},'rope_parameters':{}}|20000",
        "{'rope_parameters':{'rope_theta':30000,'partial_rotary_factor':1.0}}|30000"
      })
  void read_baseInEitherLayout_found(String config, double base) throws Exception {
    assertThat(read(config)).isEqualTo(new RotaryEmbedding(base, new RotaryEmbedding.Unscaled()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'rope_theta':5e5,'rope_scaling':{'type':'linear','factor':4.0}}",
        "{'rope_theta':5e5,'rope_scaling':{'type':'linear','rope_type':'linear','factor':4}}",
        "{'rope_parameters':{'rope_theta':500000.0,'rope_type':'linear','factor':4.0}}",
        "{'rope_theta':5e5,'rope_scaling':{'rope_type':'linear','factor':4.0},"
            + "'rope_parameters':{'rope_type':'linear','factor':4}}"
      })
  void read_linearInEitherLayout_found(String config) throws Exception {
    assertThat(read(config)).isEqualTo(new RotaryEmbedding(500_000, new RotaryEmbedding.Linear(4)));
  }

  @Test
  void read_llama3InEitherLayout_found() throws Exception {
    String scaling =
        "'rope_type':'llama3','factor':32.0,'low_freq_factor':1.0,'high_freq_factor':4.0,"
            + "'original_max_position_embeddings':8192";
    RotaryEmbedding expected =
        new RotaryEmbedding(500_000, new RotaryEmbedding.Llama3(32, 1, 4, 8192));
    assertThat(read("{'rope_theta':500000.0,'rope_scaling':{" + scaling + "}}"))
        .isEqualTo(expected);
    assertThat(read("{'rope_parameters':{'rope_theta':500000.0," + scaling + "}}"))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'rope_scaling':{'rope_type':'yarn','factor':4.0}}|rope_scaling.rope_type \"yarn\" is not",
        "{'rope_scaling':{'type':'dynamic','factor':4.0}}|rope_scaling.rope_type \"dynamic\" is"
            + " not",
        "{'rope_parameters':{'rope_type':'longrope'}}|rope_parameters.rope_type \"longrope\" is",
        "{'rope_scaling':{'type':'mrope'}}|rope_scaling.rope_type \"mrope\" is not supported",
        "{'rope_scaling':{'type':'linear'}}|rope_scaling.factor must be a positive number, not"
            + " miss",
        "{'rope_scaling':{'type':'linear','factor':0}}|rope_scaling.factor must be a positive"
            + " number",
        "{'rope_scaling':{'type':'linear','factor':'2'}}|rope_scaling.factor must be a positive"
            + " num",
        "{'rope_scaling':{'type':'linear','rope_type':'yarn'}}|rope_type \"yarn\" and type"
            + " \"linear\"",
        "{'rope_scaling':{'factor':2.0}}|rope_scaling.factor 2.0 is not a parameter of the"
            + " rope_type",
        "{'rope_scaling':[2]}|rope_scaling must be an object, not [2]",
        "{'rope_scaling':{'type':2}}|rope_scaling.type must be a text, not 2",
        "{'rope_theta':'x'}|rope_theta must be a positive number, not \"x\"",
        "{'rope_theta':-1}|rope_theta must be a positive number, not -1",
        "{'rope_parameters':{'rope_theta':0}}|rope_parameters.rope_theta must be a positive number",
        "{'rope_theta':1e4,'rope_parameters':{'rope_theta':1e5}}"
            + "|rope_theta 10000.0 and rope_parameters.rope_theta 100000.0 differ",
        "{'rope_scaling':{'rope_theta':1e4},'rope_parameters':{'rope_theta':1e5}}"
            + "|rope_scaling.rope_theta 10000.0 and rope_parameters.rope_theta 100000.0 differ",
        "{'rope_scaling':{'type':'linear','factor':2},'rope_parameters':{'rope_theta':1e4}}"
            + "|rope_scaling and rope_parameters differ",
        "{'partial_rotary_factor':0.5}|partial_rotary_factor 0.5 is not supported",
        "{'rope_parameters':{'partial_rotary_factor':0.25}}"
            + "|rope_parameters.partial_rotary_factor 0.25 is not supported",
        "{'rope_parameters':{'full_attention':{'rope_theta':1e5}}}|rope_parameters.full_attention",
        "{'rope_scaling':{'rope_type':'llama3','factor':8.0,'low_freq_factor':1.0,'high_freq_factor':4.0}}|original_max_position_embeddings"
            + " must be a positive integer",
        "{'rope_scaling':{'rope_type':'llama3','factor':8.0,'low_freq_factor':4.0,"
            + "'high_freq_factor':4.0,'original_max_position_embeddings':64}}"
            + "|high_freq_factor 4.0 is not more than low_freq_factor"
      })
  void read_notSupportedOrContradictory_named(String config, String problem) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> read(config))
        .withMessageStartingWith("config.json: ")
        .withMessageContaining(problem);
  }

  private static RotaryEmbedding read(String config) throws ModelException {
    byte[] json = config.replace('\'', '"').getBytes(UTF_8);
    return RotaryEmbedding.read(new ConfigReader(FILE, Json.parseObject(FILE, "", json)));
  }
}
