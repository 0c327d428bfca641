package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real {@code bin/baton relay} at names that stand for this host. */
@ExtendWith(Leftovers.class)
class ListenTest {

  @TempDir private Path directory;

  private Launched relay(String hosts, String... arguments) throws IOException {
    Path file = Files.writeString(directory.resolve("hosts"), hosts);
    String[] all = new String[arguments.length + 2];
    all[0] = "relay";
    all[1] = "--socket=" + directory.resolve("s");
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Launched.plan()
        .computingNothing()
        .javaOptions("-Djdk.net.hosts.file=" + file)
        .start(all);
  }

  /** As distributions write it into /etc/hosts. */
  @Test
  void listen_atTheNameOfThisHostThatIsLoopback_warnsOfBoth() throws IOException {
    try (Launched relay = relay("127.0.1.1 box\n", "--listen=box:0", "--insecure")) {
      relay.awaitText(" listens at box:");
      assertThat(relay.errors()).contains("box is 127.0.1.1 on this machine", "no other can reach");
    }
  }

  @Test
  void listen_withoutInsecure_warnsAsWell() throws IOException {
    try (Launched relay = relay("127.0.1.1 box\n", "--listen=box:0")) {
      relay.awaitText(" listens at box:");
      assertThat(relay.errors()).contains("box is 127.0.1.1 on this machine");
    }
  }

  @Test
  void listen_atANameOfSeveralAddresses_namesThemAll() throws IOException {
    try (Launched relay = relay("127.0.1.1 box\n192.0.2.7 box\n", "--listen=box:0", "--insecure")) {
      relay.awaitText(" listens at box:");
      assertThat(relay.errors()).contains("box is 127.0.1.1, 192.0.2.7 on this machine");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1", "127.0.1.1"})
  void listen_whereLoopbackIsMeant_isSilent(String host) throws IOException {
    try (Launched relay = relay("127.0.0.1 localhost\n", "--listen=" + host + ":0")) {
      relay.awaitText(" listens at " + host + ":");
      assertThat(relay.errors()).isEmpty();
    }
  }
}
