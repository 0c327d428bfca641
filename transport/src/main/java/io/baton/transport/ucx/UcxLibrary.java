package io.baton.transport.ucx;

import java.lang.foreign.SymbolLookup;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.NativeLibs;

/** Finds and loads UCX, once in a process, and never before somebody asks for it. */
final class UcxLibrary {

  private static final String SONAME = "libucp.so.0";

  private static @Nullable UcxLibrary loaded;

  private final String version;

  private UcxLibrary(String version) {
    this.version = version;
  }

  /**
   * @throws UcxUnavailableException if UCX or its binding cannot be loaded
   */
  static synchronized UcxLibrary load() throws UcxUnavailableException {
    UcxLibrary library = loaded;
    if (library == null) {
      library = loadFirst();
      loaded = library;
    }
    return library;
  }

  /** Such as {@code 1.13.1}. */
  String version() {
    return version;
  }

  private static UcxLibrary loadFirst() throws UcxUnavailableException {
    String architecture = System.getProperty("os.arch");
    String binding = System.mapLibraryName("jucx_" + architecture);
    if (UcxLibrary.class.getClassLoader().getResource(binding) == null) {
      throw new UcxUnavailableException(
          "UCX cannot be used on " + architecture + ": jucx brings no library for it");
    }
    environment().forEach(Natives::setEnvironmentIfAbsent);
    SymbolLookup symbols =
        Natives.library(SONAME)
            .orElseThrow(
                () ->
                    new UcxUnavailableException(
                        SONAME + " cannot be loaded: install libucx0 (UCX 1.13 or newer)"));
    try {
      NativeLibs.load();
    } catch (LinkageError e) {
      throw new UcxUnavailableException(
          "UCX is installed, but jucx does not fit it: " + e.getMessage(), e);
    }
    return new UcxLibrary(Natives.string(symbols, "ucp_get_version_string"));
  }

  /** What UCX reads when it is loaded, and no later. */
  private static Map<String, String> environment() {
    Map<String, String> variables = new LinkedHashMap<>();
    // UCX would take over the signals that the JVM itself needs for null checks and safepoints.
    variables.put("UCX_ERROR_SIGNALS", "");
    // UCX speaks on standard output, and of failures that are reported here as typed ones.
    variables.put("UCX_LOG_FILE", "stderr");
    variables.put("UCX_LOG_LEVEL", "fatal");
    variables.put("UCX_WARN_UNUSED_ENV_VARS", "n");
    // Debugging over a file system: one thread more, which waits for a daemon.
    variables.put("UCX_VFS_ENABLE", "n");
    return variables;
  }
}
