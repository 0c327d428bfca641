package io.baton.transport.ucx;

import java.lang.foreign.SymbolLookup;
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
    UcxSettings.ofProcess().forEach(Natives::setEnvironmentIfAbsent);
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
}
