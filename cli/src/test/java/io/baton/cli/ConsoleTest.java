package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
class ConsoleTest {

  @Test
  void ofProcess_inALocaleWithoutUnicode_writesUtf8() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(bytes, true, StandardCharsets.US_ASCII));
    try {
      Console.ofProcess().print("Grüße 🏃");
    } finally {
      System.setOut(before);
    }

    assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("Grüße 🏃");
  }

  @Test
  void run_readerHasGone_endsAsUsual() {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    StringWriter err = new StringWriter();

    int status =
        Main.run(
            new Console(
                new PrintWriter(closed, true, StandardCharsets.UTF_8), new PrintWriter(err)),
            "demo",
            "--model",
            Baton.model().toString(),
            "--stages=2",
            "--kill=none",
            "--max-tokens=3");

    assertThat(status).isEqualTo(ExitCode.OK);
    assertThat(err.toString()).isEmpty();
  }
}
