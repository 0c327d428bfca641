package io.baton.simulations.report;

/**
 * A finished drawing. Its colours are variables of the page that it is part of; alone it brings
 * them along.
 *
 * @param says what it shows, for those who cannot see it
 */
record Drawing(int width, int height, String says, String body) {

  /** Around a drawing that is alone. */
  private static final int MARGIN = 14;

  /** As a part of a page. */
  String inline(String classes) {
    return open("class=\"chart %s\"".formatted(classes), 0) + body + "</svg>\n";
  }

  /** As a file of its own. */
  String alone() {
    return open("xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\"", MARGIN)
        + "<style>\n"
        + Resources.text("palette.css")
        + Resources.text("chart.css")
        + "</style>\n"
        + new Svg().rect("paper", -MARGIN, -MARGIN, width + 2 * MARGIN, height + 2 * MARGIN, "")
        + body
        + "</svg>\n";
  }

  private String open(String attributes, int margin) {
    int outerWidth = width + 2 * margin;
    int outerHeight = height + 2 * margin;
    return "<svg %s viewBox=\"%d %d %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n"
        .formatted(
            attributes,
            -margin,
            -margin,
            outerWidth,
            outerHeight,
            outerWidth,
            outerHeight,
            Svg.escape(says));
  }
}
