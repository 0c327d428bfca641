package io.baton.simulations.report;

import java.util.Locale;

/** Writes the elements of a drawing; coordinates with one decimal, texts escaped. */
final class Svg {

  private final StringBuilder out = new StringBuilder();

  /** Text for an element or an attribute. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** A coordinate. */
  static String at(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  Svg line(String classes, double x1, double y1, double x2, double y2) {
    out.append(
        "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n"
            .formatted(classes, at(x1), at(y1), at(x2), at(y2)));
    return this;
  }

  Svg rect(String classes, double x, double y, double width, double height, String title) {
    out.append(
        "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\">%s</rect>\n"
            .formatted(classes, at(x), at(y), at(width), at(height), title(title)));
    return this;
  }

  Svg path(String classes, String path, String title) {
    out.append("<path class=\"%s\" d=\"%s\">%s</path>\n".formatted(classes, path, title(title)));
    return this;
  }

  /**
   * @param anchor start, middle or end
   */
  Svg text(String classes, double x, double y, String anchor, String text) {
    out.append(
        "<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>\n"
            .formatted(classes, at(x), at(y), anchor, escape(text)));
    return this;
  }

  private static String title(String title) {
    return title.isEmpty() ? "" : "<title>" + escape(title) + "</title>";
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
