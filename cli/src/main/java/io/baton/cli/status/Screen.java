package io.baton.cli.status;

import java.io.PrintWriter;
import java.util.List;
import java.util.function.Supplier;

/** A terminal that shows one text at a time, each in the place of the one before. */
final class Screen {

  /** In characters. */
  record Size(int columns, int rows) {}

  private static final String CLEAR = "\u001b[2J";
  private static final String TO_THE_TOP = "\u001b[H";
  private static final String CLEAR_REST_OF_LINE = "\u001b[K";
  private static final String CLEAR_BELOW = "\u001b[J";

  private final PrintWriter out;
  private final Supplier<Size> size;
  private boolean shown;

  /**
   * @param size asked before each text, because windows change
   */
  Screen(PrintWriter out, Supplier<Size> size) {
    this.out = out;
    this.size = size;
  }

  /** What does not fit is cut off, and the last row says so. */
  void show(List<String> lines) {
    Size now = size.get();
    StringBuilder frame = new StringBuilder(shown ? TO_THE_TOP : CLEAR + TO_THE_TOP);
    shown = true;
    // The cursor needs a row for itself.
    int rows = Math.max(2, now.rows() - 1);
    int fitting = lines.size() <= rows ? lines.size() : rows - 1;
    lines.stream().limit(fitting).forEach(line -> append(frame, line, now));
    if (fitting < lines.size()) {
      append(frame, "... %d more lines".formatted(lines.size() - fitting), now);
    }
    out.print(frame.append(CLEAR_BELOW));
    out.flush();
  }

  private static void append(StringBuilder frame, String line, Size size) {
    int columns = Math.max(1, size.columns());
    frame
        .append(line, 0, Math.min(line.length(), columns))
        .append(CLEAR_REST_OF_LINE)
        .append(System.lineSeparator());
  }
}
