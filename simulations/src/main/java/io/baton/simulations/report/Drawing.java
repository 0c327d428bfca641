package io.baton.simulations.report;

/**
 * A finished drawing. Its colours are variables of the page that it is part of; alone it brings
 * them along.
 *
 * @param says what it shows, for those who cannot see it
 */
record Drawing(int width, int height, String says, String body) {

  /** As a part of a page. */
  String inline(String classes) {
    return open("class=\"chart %s\"".formatted(classes)) + body + "</svg>\n";
  }

  /** As a file of its own. */
  String alone() {
    return open("xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\"")
        + "<style>\n"
        + Resources.text("palette.css")
        + Resources.text("chart.css")
        + "</style>\n<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n".formatted(width, height)
        + body
        + "</svg>\n";
  }

  private String open(String attributes) {
    return "<svg %s viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n"
        .formatted(attributes, width, height, width, height, Svg.escape(says));
  }
}
