package io.baton.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a command's results go to. Unlike any other {@link PrintWriter} it throws what goes wrong,
 * so that no command computes what nobody gets, and none ends well whose text is lost. Whoever
 * tells something on a thread that must not end by it uses {@link #tell}.
 */
public final class Output extends PrintWriter {

  private final Noticing target;

  private Output(Noticing target) {
    super(target, true);
    this.target = target;
  }

  /** Writes UTF-8, whatever the locale is. */
  public static Output to(OutputStream stream) {
    return to(new OutputStreamWriter(stream, StandardCharsets.UTF_8));
  }

  public static Output to(Writer writer) {
    return new Output(new Noticing(writer));
  }

  /**
   * Writes at once, and throws nothing: what goes wrong comes up with the next text, or in the end.
   */
  void tell(String text) {
    try {
      print(text);
      flush();
    } catch (OutputException e) {
      // It is kept for all who come later.
    }
  }

  /**
   * Writes what has not been written yet.
   *
   * @throws OutputException if this or anything before could not be written
   */
  void finish() {
    flush();
    target.check();
  }

  /** Keeps the first failure, after which nothing is written any more. */
  private static final class Noticing extends Writer {

    private final Writer writer;
    private volatile @Nullable IOException failure;

    Noticing(Writer writer) {
      this.writer = writer;
    }

    private interface Action {
      void run() throws IOException;
    }

    void check() {
      IOException failed = failure;
      if (failed != null) {
        throw new OutputException(failed);
      }
    }

    private void run(Action action) {
      check();
      try {
        action.run();
      } catch (IOException e) {
        failure = e;
        throw new OutputException(e);
      }
    }

    @Override
    public void write(char[] text, int offset, int length) {
      run(() -> writer.write(text, offset, length));
    }

    @Override
    public void flush() {
      run(writer::flush);
    }

    @Override
    public void close() {
      run(writer::close);
    }
  }
}
