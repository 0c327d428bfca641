package io.baton.cli.status;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows of cells under each other: words to the left, numbers to the right. */
public final class Columns {

  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();
  private final boolean[] numbers;

  /**
   * @param titles the first row; that of a column of numbers begins with {@code #}, which is not
   *     shown
   */
  public Columns(String... titles) {
    numbers = new boolean[titles.length];
    for (int i = 0; i < titles.length; i++) {
      numbers[i] = titles[i].startsWith("#");
    }
    rows.add(Arrays.stream(titles).map(title -> title.replaceFirst("^#", "")).toList());
  }

  /** Adds a row; an object's text is its cell. */
  public Columns row(Object... cells) {
    if (cells.length != numbers.length) {
      throw new IllegalArgumentException(
          "%d cells in %d columns".formatted(cells.length, numbers.length));
    }
    rows.add(Arrays.stream(cells).map(cell -> printable(String.valueOf(cell))).toList());
    return this;
  }

  /** All rows, the titles first. */
  public List<String> lines() {
    int[] widths = new int[numbers.length];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  private String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String cell = row.get(i);
      String space = " ".repeat(widths[i] - cell.length());
      line.append(i == 0 ? "" : GAP).append(numbers[i] ? space + cell : cell + space);
    }
    return line.toString().stripTrailing();
  }

  /** What others named must not steer somebody's terminal. */
  static String printable(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.codePoints().forEach(c -> safe.appendCodePoint(isPrintable(c) ? c : '?'));
    return safe.toString();
  }

  private static boolean isPrintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
