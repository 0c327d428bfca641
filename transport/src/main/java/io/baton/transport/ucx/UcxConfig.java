package io.baton.transport.ucx;

import java.time.Duration;
import java.util.List;

/**
 * How an engine behaves. Whatever UCX's own variables in the environment say comes before it.
 *
 * @param name of the engine, in its thread's name and in messages
 * @param transports as UCX names them, such as {@code tcp}; none means all that are there but
 *     shared memory, which a process that dies can leave locked: then the engine ends
 * @param maxConnections that may be open or closing at a time
 * @param sendsPerConnection messages that may be under way in one connection
 * @param maxReceives bodies that may be on their way in; what comes beyond is dropped
 * @param rendezvousBytes from this size on, a body is fetched straight into its landing instead of
 *     being sent along
 * @param spin how long to look for more work before sleeping: it saves wake-ups while there is
 *     traffic and costs nothing when there is none
 * @param closeTimeout for what is under way when a connection or the engine is closed
 */
public record UcxConfig(
    String name,
    List<String> transports,
    int maxConnections,
    int sendsPerConnection,
    int maxReceives,
    long rendezvousBytes,
    Duration spin,
    Duration closeTimeout) {

  public UcxConfig {
    transports = List.copyOf(transports);
    requirePositive("maxConnections", maxConnections);
    requirePositive("sendsPerConnection", sendsPerConnection);
    requirePositive("maxReceives", maxReceives);
    requirePositive("rendezvousBytes", rendezvousBytes);
    if (spin.isNegative()) {
      throw new IllegalArgumentException("spin " + spin);
    }
    requirePositive("closeTimeout", closeTimeout.toMillis());
  }

  public static UcxConfig withDefaults(String name) {
    return new UcxConfig(
        name, List.of(), 256, 256, 4096, 64 << 10, Duration.ofNanos(20_000), Duration.ofSeconds(2));
  }

  public UcxConfig named(String newName) {
    return new UcxConfig(
        newName,
        transports,
        maxConnections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        spin,
        closeTimeout);
  }

  public UcxConfig overTransports(String... names) {
    return new UcxConfig(
        name,
        List.of(names),
        maxConnections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        spin,
        closeTimeout);
  }

  public UcxConfig withMaxConnections(int connections) {
    return new UcxConfig(
        name,
        transports,
        connections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        spin,
        closeTimeout);
  }

  public UcxConfig withSendsPerConnection(int sends) {
    return new UcxConfig(
        name, transports, maxConnections, sends, maxReceives, rendezvousBytes, spin, closeTimeout);
  }

  public UcxConfig withRendezvousBytes(long bytes) {
    return new UcxConfig(
        name,
        transports,
        maxConnections,
        sendsPerConnection,
        maxReceives,
        bytes,
        spin,
        closeTimeout);
  }

  public UcxConfig spinning(Duration newSpin) {
    return new UcxConfig(
        name,
        transports,
        maxConnections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        newSpin,
        closeTimeout);
  }

  private static void requirePositive(String what, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(what + " " + value);
    }
  }
}
