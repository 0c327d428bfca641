package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A command that runs until it is closed; interrupting it stands for stopping it. */
final class Running implements AutoCloseable {

  private static final Duration DEADLINE = Duration.ofMinutes(2);
  private static final Pattern ADDRESS = Pattern.compile("127\\.0\\.0\\.1:\\d+");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final CompletableFuture<Integer> status = new CompletableFuture<>();
  private final Thread thread;

  Running(String... arguments) {
    Console console = new Console(Output.to(out), new PrintWriter(err, true));
    thread =
        Thread.ofPlatform().name("test").start(() -> status.complete(Main.run(console, arguments)));
  }

  Running awaitOutput(String text) {
    await().atMost(DEADLINE).untilAsserted(() -> assertThat(out.toString() + err).contains(text));
    return this;
  }

  /** What it has written so far. */
  String output() {
    return out.toString();
  }

  String address() {
    Matcher matcher = ADDRESS.matcher(out.toString());
    assertThat(matcher.find()).as(out.toString()).isTrue();
    return matcher.group();
  }

  void awaitEnd() {
    await().atMost(DEADLINE).until(status::isDone);
    assertThat(status.join()).as(err.toString()).isEqualTo(ExitCode.OK);
  }

  @Override
  public void close() {
    thread.interrupt();
    assertThat(status.orTimeout(DEADLINE.toSeconds(), TimeUnit.SECONDS).join())
        .isEqualTo(ExitCode.INTERRUPTED);
  }
}
