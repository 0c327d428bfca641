package io.baton.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/**
 * Where a command writes. Always UTF-8, whatever the locale; a reader that has gone away, as {@code
 * head} does, is no error.
 *
 * @param out results
 * @param err what is wrong
 */
public record Console(PrintWriter out, PrintWriter err) {

  /** That of the process. */
  static Console ofProcess() {
    return new Console(writer(System.out), writer(System.err));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(
        new OutputStreamWriter(new Outspoken(stream), StandardCharsets.UTF_8), true);
  }

  /** Lets {@link PrintWriter#checkError()} know what a print stream keeps to itself. */
  private static final class Outspoken extends FilterOutputStream {

    private final PrintStream stream;

    Outspoken(PrintStream stream) {
      super(stream);
      this.stream = stream;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      stream.write(bytes, offset, length);
      if (stream.checkError()) {
        throw new IOException("nobody reads this any more");
      }
    }
  }

  /** Writes at once, without ending the line. */
  public void print(String text) {
    out.print(text);
    out.flush();
  }
}
