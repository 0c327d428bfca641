package io.baton.cli.demo;

import io.baton.cli.Console;
import io.baton.session.route.Candidate;
import io.baton.stages.ModelEnds;
import io.baton.stages.TokenText;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Help.Ansi;

/** Where the story is told: prints tokens as they come, and what befalls the tellers. */
final class Stage implements ChainRun.Audience {

  /** Nobody is watching. */
  static final ChainRun.Audience EMPTY =
      new ChainRun.Audience() {
        @Override
        public void token(int token) {}

        @Override
        public void killed(Kill kill, String relay) {}

        @Override
        public void routed(List<Candidate> route, String cause) {}

        @Override
        public void standsBy(String relay) {}

        @Override
        public void tookOver(String relay) {}

        @Override
        public void fellAway(String relay) {}
      };

  private final ModelEnds ends;
  private final TokenText text;
  private final Console console;
  private final boolean silent;

  Stage(ModelEnds ends, Console console, boolean silent) {
    this.ends = ends;
    this.text = ends.decoder();
    this.console = console;
    this.silent = silent;
  }

  synchronized void opens(String prompt) {
    print(prompt);
  }

  synchronized void closes() {
    print(text.finish());
  }

  @Override
  public synchronized void token(int token) {
    if (!ends.isEnd(token)) {
      print(text.next(token));
    }
  }

  @Override
  public synchronized void killed(Kill kill, String relay) {
    tell(styled("bold,red", "[%s killed]".formatted(relay)));
  }

  @Override
  public synchronized void routed(List<Candidate> route, String cause) {
    tell(
        styled(
            "bold,green",
            "[now %s]"
                .formatted(
                    route.stream()
                        .map(hop -> hop.relay().name())
                        .collect(Collectors.joining(" > ")))));
  }

  @Override
  public synchronized void standsBy(String relay) {
    tell(styled("bold,cyan", "[%s stands by]".formatted(relay)));
  }

  @Override
  public synchronized void tookOver(String relay) {
    tell(styled("bold,green", "[%s takes over]".formatted(relay)));
  }

  @Override
  public synchronized void fellAway(String relay) {
    tell(styled("bold,yellow", "[%s falls away]".formatted(relay)));
  }

  synchronized void happened(String what) {
    tell(styled("bold,red", "[%s]".formatted(what)));
  }

  /** By the client's threads, too, which must not end by it. */
  private void tell(String what) {
    if (!silent) {
      console.tell(what);
    }
  }

  private void print(String what) {
    if (!silent) {
      console.print(what);
    }
  }

  private static String styled(String style, String what) {
    return Ansi.AUTO.string("@|%s %s|@".formatted(style, what));
  }
}
