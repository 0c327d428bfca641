package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Nothing that a test started may be left when it is over: no thread, no process. */
final class Leftovers implements AfterEachCallback {

  private static final Duration DEADLINE = Duration.ofMinutes(2);

  @Override
  public void afterEach(ExtensionContext context) {
    await()
        .atMost(DEADLINE)
        .untilAsserted(
            () -> {
              assertThat(threads()).as("threads left").isEmpty();
              assertThat(ProcessHandle.current().children()).as("processes left").isEmpty();
            });
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("baton-") || name.startsWith("grpc-"))
        .toList();
  }
}
