package io.baton.cli;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How many files this process may have open, which is often fewer in containers. */
public final class OpenFiles {

  private static final int MOST_CAUSES = 16;

  /** Of the class path, the JVM and a client. */
  private static final int BASE = 120;

  /** Of a relay: what it listens and waits with, its pool, and its peers. */
  private static final int PER_RELAY = 24;

  private static final String ADVICE =
      "raise the limit (ulimit -n, LimitNOFILE=, --ulimit nofile=)";

  private OpenFiles() {}

  /**
   * Checks that there can be so many relays in this process.
   *
   * @throws CommandException if they would need more files than may be open
   */
  public static void requireForRelays(int relays) throws CommandException {
    long needed = BASE + (long) PER_RELAY * relays;
    if (limit() < needed) {
      throw new CommandException(
          ExitCode.RESOURCES,
          "only %d files may be open at a time, and %d relays need %d: %s"
              .formatted(limit(), relays, needed, ADVICE));
    }
  }

  private static long limit() {
    return ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
        .getMaxFileDescriptorCount();
  }

  /** Whether that is what went wrong; the system says it in words only, however deep inside. */
  static boolean areTooMany(Throwable error) {
    @Nullable Throwable cause = error;
    for (int depth = 0; cause != null && depth < MOST_CAUSES; depth++) {
      String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
      if (text.contains("too many open files")) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  static String tooMany() {
    return "%d files may be open at a time, and more are needed: %s".formatted(limit(), ADVICE);
  }
}
