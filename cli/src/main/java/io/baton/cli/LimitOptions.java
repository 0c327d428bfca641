package io.baton.cli;

import io.baton.relay.RelayConfig;
import java.time.Duration;
import picocli.CommandLine.Option;

/** What every command with a relay takes: how much of it clients may have. */
final class LimitOptions {

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
    return limits.withClientShare(clientShare).withIdle(sessionIdle);
  }
}
