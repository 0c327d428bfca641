package io.baton.transport.ucx;

import java.io.IOException;
import java.lang.foreign.SymbolLookup;
import java.net.URL;
import org.jspecify.annotations.Nullable;

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
    URL library = UcxLibrary.class.getClassLoader().getResource(binding);
    if (library == null) {
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
      JucxLibrary.load(library);
    } catch (LinkageError | IOException e) {
      throw new UcxUnavailableException(
          "UCX is installed, but jucx does not fit it: " + e.getMessage(), e);
    }
    return new UcxLibrary(Natives.string(symbols, "ucp_get_version_string"));
  }
}
