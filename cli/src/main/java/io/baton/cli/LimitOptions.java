package io.baton.cli;

import io.baton.relay.RelayConfig;
import io.baton.transport.pinned.ByteText;
import java.time.Duration;
import picocli.CommandLine.Option;

/** What every command with a relay takes: how much of it clients may have. */
final class LimitOptions {

  private static final long MIN_SESSION_MEMORY = 1 << 20;

  private static final Duration MIN_STALL = Duration.ofSeconds(1);

  @Option(
      names = "--client-share",
      paramLabel = "SHARE",
      defaultValue = "0.8",
      converter = ShareConverter.class,
      description =
          "The part of its sessions, streams, lanes and memory that one client address gets if it"
              + " is alone; each gets that share of what the others leave, and 1 is no limit"
              + " (default: ${DEFAULT-VALUE}).")
  private double clientShare;

  @Option(
      names = "--session-idle",
      paramLabel = "TIME",
      defaultValue = "10m",
      converter = DurationConverter.class,
      description =
          "How long a session without a step is kept, though its client is there (default:"
              + " ${DEFAULT-VALUE}).")
  private Duration sessionIdle = Duration.ofMinutes(10);

  @Option(
      names = "--stall",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = DurationConverter.class,
      description =
          "How long its stage executor may have something to do and get no further before it is"
              + " taken for one that hangs (default: ${DEFAULT-VALUE}).")
  private Duration stall = Duration.ofSeconds(30);

  @Option(
      names = "--session-memory",
      paramLabel = "SIZE",
      defaultValue = "512MiB",
      converter = ByteSizeConverter.class,
      description =
          "The most that all sessions together make it keep: steps that wait, outputs, pushes that"
              + " came early; at most half of the heap (default: ${DEFAULT-VALUE}).")
  private long sessionMemory;

  /**
   * These limits, as told.
   *
   * @throws CommandException if one of them leaves nothing to anybody
   */
  RelayConfig.Limits of(RelayConfig.Limits limits) throws CommandException {
    if (clientShare == 0) {
      throw new CommandException(ExitCode.USAGE, "--client-share takes a share of more than 0");
    }
    if (sessionIdle.isZero()) {
      throw new CommandException(ExitCode.USAGE, "--session-idle takes a time of more than 0");
    }
    if (stall.compareTo(MIN_STALL) < 0) {
      throw new CommandException(ExitCode.USAGE, "--stall takes a time from 1s up");
    }
    if (sessionMemory < MIN_SESSION_MEMORY) {
      throw new CommandException(
          ExitCode.USAGE,
          "--session-memory takes a size from %s up, not %s"
              .formatted(ByteText.of(MIN_SESSION_MEMORY), ByteText.of(sessionMemory)));
    }
    return limits
        .withClientShare(clientShare)
        .withIdle(sessionIdle)
        .withStall(stall)
        .withSessionBytes(Math.min(sessionMemory, Runtime.getRuntime().maxMemory() / 2));
  }
}
