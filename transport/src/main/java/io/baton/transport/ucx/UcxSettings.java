package io.baton.transport.ucx;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * UCX's own settings. A variable that is already in the environment comes before each of them.
 *
 * <p>UCX takes a context's settings from its caller, but up to 1.13 those of single transports only
 * from the environment, and those of the process only from the environment in which it is loaded.
 */
final class UcxSettings {

  /** A process that dies while it writes into UCX's shared memory locks it for all others. */
  private static final String WITHOUT_SHARED_MEMORY = "^posix,sysv,xpmem";

  private UcxSettings() {}

  /** Variables for the process, to be set before UCX is loaded. */
  static Map<String, String> ofProcess() {
    Map<String, String> variables = new LinkedHashMap<>();
    // UCX would take over the signals that the JVM itself needs for null checks and safepoints.
    variables.put("UCX_ERROR_SIGNALS", "");
    // UCX speaks on standard output, and of failures that are reported here as typed ones.
    variables.put("UCX_LOG_FILE", "stderr");
    variables.put("UCX_LOG_LEVEL", "fatal");
    variables.put("UCX_WARN_UNUSED_ENV_VARS", "n");
    // Debugging over a file system: one thread more, which waits for a daemon.
    variables.put("UCX_VFS_ENABLE", "n");

    // Where shared memory is asked for, it serves connections that notice a peer's death only if it
    // is told that it can.
    variables.put("UCX_POSIX_ERROR_HANDLING", "y");
    variables.put("UCX_SYSV_ERROR_HANDLING", "y");
    // UCX would fetch bodies over tcp between processes that share memory, because that can put
    // them in their place. Sending them on request through shared memory is four times as fast.
    variables.put("UCX_TCP_PUT_ENABLE", "n");

    // One thread serves all connections, and would stand still while a host that does not answer
    // is waited for.
    variables.put("UCX_TCP_CONN_NB", "y");

    // Larger pieces than UCX's own 64 KiB and 8 KiB: a third to a half faster for large bodies.
    variables.put("UCX_TCP_RX_SEG_SIZE", "256k");
    variables.put("UCX_TCP_TX_SEG_SIZE", "256k");
    variables.put("UCX_POSIX_SEG_SIZE", "32k");
    variables.put("UCX_SYSV_SEG_SIZE", "32k");

    // A host that is cut off is noticed after two seconds; a process that dies, at once.
    variables.put("UCX_TCP_KEEPIDLE", "1s");
    variables.put("UCX_TCP_KEEPINTVL", "1s");
    variables.put("UCX_TCP_KEEPCNT", "1");
    // Otherwise the port of an engine just closed cannot be listened on.
    variables.put("UCX_TCP_CM_REUSEADDR", "y");
    return variables;
  }

  /**
   * Settings for an engine's context.
   *
   * @throws UcxUnavailableException if this host does not have the address to listen at
   */
  static Map<String, String> of(UcxConfig config, Map<String, String> environment)
      throws UcxUnavailableException {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put(
        "TLS",
        config.transports().isEmpty()
            ? WITHOUT_SHARED_MEMORY
            : String.join(",", config.transports()));
    settings.put("RNDV_THRESH", Long.toString(config.rendezvousBytes()));
    // A peer whose socket closes in the middle of a piece that is sent from where it lies has UCX
    // 1.13 complete that piece twice, and end the process for it. Pieces are copied instead.
    settings.put("ZCOPY_THRESH", "inf");
    // Processes that share memory are looked at; the second look finds them dead.
    settings.put("KEEPALIVE_INTERVAL", "500ms");
    List<String> devices = UcxDevices.at(config.listen());
    if (!devices.isEmpty()) {
      settings.put("NET_DEVICES", String.join(",", devices));
    }
    settings.keySet().removeIf(key -> environment.containsKey("UCX_" + key));
    // The format that is read here, whichever UCX prefers.
    settings.put("ADDRESS_VERSION", "v1");
    if (config.listen().isLoopbackAddress()) {
      // Whoever said that nobody else is to reach it is heeded before the environment.
      settings.put("NET_DEVICES", String.join(",", devices));
    }
    return settings;
  }
}
