package io.baton.cli;

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
    return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
  }

  /** Writes at once, without ending the line. */
  public void print(String text) {
    out.print(text);
    out.flush();
  }
}
