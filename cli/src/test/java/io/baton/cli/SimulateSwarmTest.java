package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulateSwarmTest {

  @Test
  void seeds_areRunAndCounted() {
    Baton run = Baton.run("simulate", "swarm", "--seeds", "0..99").assertStatus(ExitCode.OK);

    assertThat(run.out()).contains("100 seeds of 0..99").contains("nothing was broken");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void json_hasTheFigures() throws Exception {
    Baton run =
        Baton.run("simulate", "swarm", "--seeds", "5..14", "--threads", "1", "--json")
            .assertStatus(ExitCode.OK);

    JsonNode result = new ObjectMapper().readTree(run.out());
    assertThat(result.get("seeds").asLong()).isEqualTo(10);
    assertThat(result.get("events").asLong()).isPositive();
    assertThat(result.has("broken")).isFalse();
  }

  @Test
  void trace_tellsTheRunTheSameWayEachTime() {
    Baton once = Baton.run("simulate", "swarm", "--seed", "3", "--trace").assertStatus(ExitCode.OK);
    Baton again =
        Baton.run("simulate", "swarm", "--seed", "3", "--trace").assertStatus(ExitCode.OK);

    assertThat(once.out()).contains("relays: r0").contains("submit [0,").contains("== done");
    assertThat(again.out()).isEqualTo(once.out());
  }

  @ParameterizedTest
  @CsvSource({
    "simulate swarm --seeds 9..3, its last seed comes before its first",
    "simulate swarm --seeds x, is not a range of seeds",
    "simulate swarm --threads 0, --threads takes a number from 1 up",
    "simulate swarm --trace, name it with --seed N",
    "simulate, name what to simulate: ",
    "simulate nothing, nothing"
  })
  void badOptions_endWithASentence(String command, String sentence) {
    Baton run = Baton.run(command.split(" ")).assertStatus(ExitCode.USAGE);

    assertThat(run.err()).contains(sentence);
    assertThat(run.out()).isEmpty();
  }
}
