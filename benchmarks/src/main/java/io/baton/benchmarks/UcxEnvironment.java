package io.baton.benchmarks;

import java.util.HashMap;
import java.util.Map;

/** What the engine tells UCX about its transports, for those that are not the engine. */
final class UcxEnvironment {

  private static final Map<String, String> SHARED =
      Map.of(
          "UCX_ERROR_SIGNALS", "",
          "UCX_LOG_LEVEL", "error",
          "UCX_POSIX_ERROR_HANDLING", "y",
          "UCX_SYSV_ERROR_HANDLING", "y");

  private UcxEnvironment() {}

  static Map<String, String> shared() {
    return SHARED;
  }

  static Map<String, String> over(String transports, String rendezvous) {
    Map<String, String> environment = new HashMap<>(SHARED);
    environment.put("UCX_TLS", transports);
    environment.put("UCX_RNDV_THRESH", rendezvous);
    return environment;
  }
}
