package io.baton.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/**
 * Where a command writes. Always UTF-8, whatever the locale. What cannot be written to {@code err}
 * is let go, as there is nobody to tell.
 *
 * @param out results
 * @param err what is wrong
 */
public record Console(Output out, PrintWriter err) {

  /** That of the process. The print streams of the system would keep failures to themselves. */
  static Console ofProcess() {
    return new Console(
        Output.to(new FileOutputStream(FileDescriptor.out)),
        new PrintWriter(new OutputStreamWriter(System.err, StandardCharsets.UTF_8), true));
  }

  /** Writes at once, without ending the line. */
  public void print(String text) {
    out.print(text);
    out.flush();
  }

  /** The same on any thread: it throws nothing, and what goes wrong comes up with the next text. */
  public void tell(String text) {
    out.tell(text);
  }
}
