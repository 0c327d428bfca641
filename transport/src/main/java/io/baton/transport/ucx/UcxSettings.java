package io.baton.transport.ucx;

import java.util.LinkedHashMap;
import java.util.Map;

/** UCX's own settings for an engine; a variable of the environment comes before each. */
final class UcxSettings {

  private UcxSettings() {}

  static Map<String, String> of(UcxConfig config, Map<String, String> environment) {
    Map<String, String> settings = new LinkedHashMap<>();
    if (!config.transports().isEmpty()) {
      settings.put("TLS", String.join(",", config.transports()));
    }
    settings.put("RNDV_THRESH", Long.toString(config.rendezvousBytes()));

    // Shared memory and copying between processes are only considered for connections that notice
    // a peer's death if they are told that they can.
    settings.put("POSIX_ERROR_HANDLING", "y");
    settings.put("SYSV_ERROR_HANDLING", "y");
    settings.put("CMA_MEMORY_INVALIDATE", "y");
    long seconds = Math.max(1, config.peerTimeout().toSeconds());
    settings.put("KEEPALIVE_INTERVAL", config.peerTimeout().dividedBy(4).toMillis() + "ms");
    settings.put("TCP_KEEPIDLE", "1s");
    settings.put("TCP_KEEPINTVL", "1s");
    settings.put("TCP_KEEPCNT", Long.toString(Math.max(1, seconds - 1)));

    // Otherwise the port of an engine just closed cannot be listened on.
    settings.put("TCP_CM_REUSEADDR", "y");
    settings.keySet().removeIf(key -> environment.containsKey("UCX_" + key));
    return settings;
  }
}
