package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(Leftovers.class)
class ConsoleTest {

  private static final String FULL = "No space left on device";

  private final StringWriter err = new StringWriter();

  /** Takes so many bytes, and no more. */
  private static final class Closed extends OutputStream {
    private final String reason;
    private int room;

    Closed(String reason, int room) {
      this.reason = reason;
      this.room = room;
    }

    @Override
    public void write(int b) throws IOException {
      if (room-- <= 0) {
        throw new IOException(reason);
      }
    }
  }

  private Console console(String reason, int room) {
    return new Console(Output.to(new Closed(reason, room)), new PrintWriter(err));
  }

  @Test
  void print_lettersBeyondAscii_utf8() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    new Console(Output.to(bytes), new PrintWriter(err)).print("Grüße 🏃");

    assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("Grüße 🏃");
  }

  @Test
  void tell_cannotBeWritten_comesUpWithTheNextTextAndInTheEnd() {
    Console console = console(FULL, 0);

    console.tell("lost");

    assertThatExceptionOfType(OutputException.class)
        .isThrownBy(() -> console.print("next"))
        .withMessageContaining(FULL);
    assertThatExceptionOfType(OutputException.class).isThrownBy(() -> console.out().finish());
  }

  @Test
  void finish_whatNobodyFlushed_isNotLostInSilence() {
    Console console = console(FULL, 0);

    console.out().print("kept in a buffer");

    assertThatExceptionOfType(OutputException.class).isThrownBy(() -> console.out().finish());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--help",
        "--version",
        "demo --help",
        "demo --stages=2 --kill=none --max-tokens=3",
        "demo --stages=2 --kill=none --max-tokens=3 --json",
        "simulate swarm --seeds=0..1",
        "simulate swarm --seeds=0..1 --json",
        "simulate swarm --seed=1 --trace",
        "simulate failures --tokens=4 --repeats=1 --strategy=push-replay",
        "simulate failures --calibration --repeats=1",
        "simulate scale --relays=8 --sessions=8 --tokens=2 --no-growth",
        "simulate scale --relays=8 --sessions=8 --tokens=2 --no-growth --json",
        "serve --stage=1/8 --listen=127.0.0.1:0",
        "relay --listen=127.0.0.1:0 --socket=/tmp/baton-console-test",
      })
  void run_cannotBeWritten_saysSo_orEndsQuietlyIfTheReaderHasGone(String command) {
    String[] arguments =
        command.replaceFirst("^(demo|serve)(?! --help)", "$1 --model=" + Baton.model()).split(" ");

    assertThat(Main.run(console("Broken pipe", 0), arguments)).isEqualTo(ExitCode.READER_GONE);
    assertThat(Baton.withoutProgress(err.toString())).isEmpty();

    assertThat(Main.run(console(FULL, 0), arguments)).isEqualTo(ExitCode.CANNOT_WRITE);
    assertThat(Baton.withoutProgress(err.toString()))
        .isEqualTo("baton: standard output cannot be written: " + FULL + "\n");
  }

  /** The prompt fits, and the tokens do not. */
  @Test
  void demo_cannotWriteInTheMiddle_ends() {
    assertThat(
            Main.run(
                console("Broken pipe", 40),
                "demo",
                "--model=" + Baton.model(),
                "--kill=2@2",
                "--max-tokens=512"))
        .isEqualTo(ExitCode.READER_GONE);
    assertThat(err.toString()).isEmpty();
  }
}
