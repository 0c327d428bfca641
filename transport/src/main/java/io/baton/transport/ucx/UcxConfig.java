package io.baton.transport.ucx;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * How an engine behaves. Whatever UCX's own variables in the environment say comes before it.
 *
 * @param name of the engine, in its thread's name and in messages
 * @param listen where peers may reach it: by the network interfaces that have this address, which
 *     is of this host, and by all of them if it is the wildcard
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
 * @param connectTimeout for the first message to a peer to get through
 * @param stallTimeout for a connection on which nothing gets through; with {@link #atSlowest}
 */
public record UcxConfig(
    String name,
    InetAddress listen,
    List<String> transports,
    int maxConnections,
    int sendsPerConnection,
    int maxReceives,
    long rendezvousBytes,
    Duration spin,
    Duration closeTimeout,
    Duration connectTimeout,
    Duration stallTimeout) {

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
    requirePositive("connectTimeout", connectTimeout.toMillis());
    requirePositive("stallTimeout", stallTimeout.toMillis());
  }

  /** What bytes may take where they still travel faster than nothing at all: 4 MiB a second. */
  public static Duration atSlowest(long bytes) {
    return Duration.ofMillis(bytes >> 12);
  }

  /**
   * The variables that an engine sets for its process, where the environment does not have them: to
   * be given to another that is to be compared with it.
   */
  public static Map<String, String> environment() {
    return UcxSettings.ofProcess();
  }

  /** On loopback alone. */
  public static UcxConfig withDefaults(String name) {
    return new UcxConfig(
        name,
        InetAddress.getLoopbackAddress(),
        List.of(),
        256,
        256,
        4096,
        64 << 10,
        Duration.ofNanos(20_000),
        Duration.ofSeconds(2),
        Duration.ofSeconds(3),
        Duration.ofSeconds(5));
  }

  public UcxConfig named(String newName) {
    return new UcxConfig(
        newName,
        listen,
        transports,
        maxConnections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        spin,
        closeTimeout,
        connectTimeout,
        stallTimeout);
  }

  public UcxConfig listeningAt(InetAddress address) {
    return new UcxConfig(
        name,
        address,
        transports,
        maxConnections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        spin,
        closeTimeout,
        connectTimeout,
        stallTimeout);
  }

  public UcxConfig overTransports(String... names) {
    return new UcxConfig(
        name,
        listen,
        List.of(names),
        maxConnections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        spin,
        closeTimeout,
        connectTimeout,
        stallTimeout);
  }

  public UcxConfig withMaxConnections(int connections) {
    return new UcxConfig(
        name,
        listen,
        transports,
        connections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        spin,
        closeTimeout,
        connectTimeout,
        stallTimeout);
  }

  public UcxConfig withSendsPerConnection(int sends) {
    return new UcxConfig(
        name,
        listen,
        transports,
        maxConnections,
        sends,
        maxReceives,
        rendezvousBytes,
        spin,
        closeTimeout,
        connectTimeout,
        stallTimeout);
  }

  public UcxConfig withRendezvousBytes(long bytes) {
    return new UcxConfig(
        name,
        listen,
        transports,
        maxConnections,
        sendsPerConnection,
        maxReceives,
        bytes,
        spin,
        closeTimeout,
        connectTimeout,
        stallTimeout);
  }

  public UcxConfig spinning(Duration newSpin) {
    return new UcxConfig(
        name,
        listen,
        transports,
        maxConnections,
        sendsPerConnection,
        maxReceives,
        rendezvousBytes,
        newSpin,
        closeTimeout,
        connectTimeout,
        stallTimeout);
  }

  private static void requirePositive(String what, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(what + " " + value);
    }
  }
}
