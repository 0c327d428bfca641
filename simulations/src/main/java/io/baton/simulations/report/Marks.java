package io.baton.simulations.report;

import io.baton.simulations.study.Strategy;

/**
 * The shape and the short name of each strategy, so that colour is not all that tells them apart.
 */
final class Marks {

  private Marks() {}

  /** A path around a point. */
  static String of(Strategy strategy, double x, double y, double size) {
    return switch (strategy) {
      case RESTART ->
          polygon(x - size, y - size, x + size, y - size, x + size, y + size, x - size, y + size);
      case NO_CACHE ->
          polygon(x, y - size * 1.3, x + size * 1.2, y + size, x - size * 1.2, y + size);
      case CLIENT_REPLAY ->
          polygon(x, y - size * 1.35, x + size * 1.35, y, x, y + size * 1.35, x - size * 1.35, y);
      case PUSH_REPLAY ->
          polygon(x, y + size * 1.3, x + size * 1.2, y - size, x - size * 1.2, y - size);
      case PUSH_STANDBY -> circle(x, y, size * 1.1);
    };
  }

  /** For what could not be had. */
  static String cross(double x, double y, double size) {
    return "M%s %sL%s %sM%s %sL%s %s"
        .formatted(
            Svg.at(x - size),
            Svg.at(y - size),
            Svg.at(x + size),
            Svg.at(y + size),
            Svg.at(x - size),
            Svg.at(y + size),
            Svg.at(x + size),
            Svg.at(y - size));
  }

  static String circle(double x, double y, double size) {
    // A radius that is written as it is, or the circle would be none.
    double radius = Math.round(size * 10) / 10.0;
    return "M%s %sa%s %s 0 1 0 %s 0a%s %s 0 1 0 %s 0Z"
        .formatted(
            Svg.at(x - radius),
            Svg.at(y),
            Svg.at(radius),
            Svg.at(radius),
            Svg.at(2 * radius),
            Svg.at(radius),
            Svg.at(radius),
            Svg.at(-2 * radius));
  }

  static String shortName(Strategy strategy) {
    return switch (strategy) {
      case RESTART -> "restart";
      case NO_CACHE -> "no cache";
      case CLIENT_REPLAY -> "client path";
      case PUSH_REPLAY -> "push";
      case PUSH_STANDBY -> "standby";
    };
  }

  private static String polygon(double... points) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < points.length; i += 2) {
      path.append(i == 0 ? 'M' : 'L')
          .append(Svg.at(points[i]))
          .append(' ')
          .append(Svg.at(points[i + 1]));
    }
    return path.append('Z').toString();
  }
}
