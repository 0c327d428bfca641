package io.baton.simulations.exchange;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a process listens on, as Linux tells. */
final class Sockets {

  private static final String LISTENS = "0A";

  private Sockets() {}

  /** Addresses in the system's hexadecimal form, with the port after a colon. */
  static List<String> listening(long pid) throws IOException {
    Path process = Path.of("/proc", Long.toString(pid));
    Set<String> own;
    try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
      own = descriptors.map(Sockets::target).collect(Collectors.toSet());
    }
    List<String> listening = new ArrayList<>();
    for (String table : List.of("net/tcp", "net/tcp6")) {
      for (String line : Files.readAllLines(process.resolve(table))) {
        String[] words = line.strip().split(" +", -1);
        if (words[3].equals(LISTENS) && own.contains("socket:[%s]".formatted(words[9]))) {
          listening.add(words[1]);
        }
      }
    }
    return listening;
  }

  /** 127.0.0.0/8, also in the guise of IPv6, or ::1. */
  static boolean isLoopback(String address) {
    String host = address.substring(0, address.indexOf(':'));
    return (host.endsWith("7F")
            && (host.length() == 8 || host.startsWith("0000000000000000FFFF0000")))
        || host.equals("00000000000000000000000001000000");
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
