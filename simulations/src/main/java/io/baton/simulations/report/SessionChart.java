package io.baton.simulations.report;

import io.baton.simulations.study.RecordedSession;
import io.baton.simulations.study.RecordedSession.Segment;
import io.baton.simulations.study.SessionTimeline.Kind;
import java.time.Duration;
import java.util.List;

/**
 * Some steps of a session, one lane for the client and for each stage, with a failure and what came
 * of it. Bars are what a stage does, slanted lines what is on its way from lane to lane.
 */
final class SessionChart {

  private static final int TOP = 16;
  private static final int LANE = 44;
  private static final int BAR = 16;

  private final RecordedSession session;
  private final int width;
  private final int left;
  private final long spanNanos;
  private final Svg svg = new Svg();

  /**
   * @param spanNanos virtual time that the width stands for, so that several charts have one scale
   */
  private SessionChart(RecordedSession session, int width, boolean narrow, long spanNanos) {
    this.session = session;
    this.width = width;
    this.left = narrow ? 54 : 74;
    this.spanNanos = spanNanos;
  }

  static Drawing draw(RecordedSession session, int width, boolean narrow, long spanNanos) {
    SessionChart chart = new SessionChart(session, width, narrow, spanNanos);
    chart.lanes(narrow);
    chart.time();
    chart.what();
    return new Drawing(
        width,
        chart.bottom() + 40,
        "Timeline of a session with %s: a stage dies and the session goes on"
            .formatted(session.strategy().label()),
        chart.svg.toString());
  }

  private int bottom() {
    return TOP + LANE * (session.stages() + 1);
  }

  private double lane(int party) {
    return TOP + LANE * party + LANE / 2.0;
  }

  private double x(long nanos) {
    double part = (nanos - session.fromNanos()) / (double) spanNanos;
    return left + (width - left - 8) * Math.max(0, Math.min(1, part));
  }

  private void lanes(boolean narrow) {
    for (int party = 0; party <= session.stages(); party++) {
      svg.line("grid", left, lane(party), width - 8, lane(party));
      String name = party == 0 ? "client" : (narrow ? "st. " : "stage ") + party;
      svg.text("tick", left - 10, lane(party) + 4, "end", name);
    }
  }

  private void time() {
    double seconds = spanNanos / 1e9;
    for (double tick : Scale.Linear.upTo(seconds, 0, 1).ticks()) {
      if (tick <= seconds) {
        double place = x(session.fromNanos() + Math.round(tick * 1e9));
        svg.line("axis", place, bottom(), place, bottom() + 5);
        svg.text(
            "tick",
            place,
            bottom() + 20,
            tick == 0 ? "start" : "middle",
            Figures.time(Duration.ofNanos(Math.round(tick * 1e9))));
      }
    }
    svg.line("axis", left, bottom(), width - 8, bottom());
  }

  private void what() {
    for (Kind kind :
        List.of(
            Kind.DOWN,
            Kind.CLIENT,
            Kind.PUSH,
            Kind.STANDBY,
            Kind.COMPUTE,
            Kind.REPLAY,
            Kind.TOKEN,
            Kind.TAKEOVER,
            Kind.DEATH)) {
      session.segments().stream().filter(segment -> segment.kind() == kind).forEach(this::draw);
    }
  }

  private void draw(Segment segment) {
    double from = x(segment.fromNanos());
    double to = x(segment.toNanos());
    double lane = lane(segment.party());
    String title = title(segment);
    switch (segment.kind()) {
      case CLIENT, PUSH ->
          svg.line(
              segment.kind() == Kind.PUSH ? "way push" : "way",
              from,
              lane(segment.sender()),
              to,
              lane);
      case COMPUTE -> svg.rect("bar compute", from, lane - BAR / 2.0, bar(from, to), BAR, title);
      case REPLAY -> svg.rect("bar replay", from, lane - BAR / 2.0, bar(from, to), BAR, title);
      case STANDBY -> svg.rect("bar standby", from, lane + BAR / 2.0 + 2, bar(from, to), 6, title);
      case DOWN -> svg.rect("bar down", from, lane - BAR / 2.0, bar(from, to), BAR, title);
      case TOKEN -> svg.path("token", Marks.circle(from, lane, 3), title);
      case TAKEOVER ->
          svg.path(
              "takeover",
              "M%s %sl6 8l-6 8l-6 -8Z".formatted(Svg.at(from), Svg.at(lane - 8)),
              title);
      case DEATH -> svg.path("death", Marks.cross(from, lane, 6), title);
    }
  }

  private static double bar(double from, double to) {
    return Math.max(1.4, to - from);
  }

  private String title(Segment segment) {
    String where = segment.party() == 0 ? "client" : "stage " + segment.party();
    String what =
        switch (segment.kind()) {
          case COMPUTE -> "computes";
          case PUSH, CLIENT -> "is sent to";
          case REPLAY -> "computes again what was lost";
          case STANDBY -> "standby computes along";
          case DOWN -> "has no machine";
          case TAKEOVER -> "standby takes over";
          case DEATH -> "machine dies";
          case TOKEN -> "token";
        };
    return "%s: %s, %s"
        .formatted(
            where, what, Figures.time(Duration.ofNanos(segment.toNanos() - segment.fromNanos())));
  }
}
