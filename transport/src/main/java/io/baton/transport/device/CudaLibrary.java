package io.baton.transport.device;

import io.baton.transport.device.DeviceException.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import jcuda.runtime.JCuda;

/** Loads JCuda, once, where there is a driver for it. */
@SuppressWarnings("restricted") // Looks whether a library is there, and calls nothing in it.
final class CudaLibrary {

  private static final String DRIVER = "libcuda.so.1";
  private static final String TEMPORARY = "java.io.tmpdir";

  private static boolean loaded;

  private CudaLibrary() {}

  /**
   * Loads it; again does nothing.
   *
   * @throws DeviceException with one sentence that says what is missing
   */
  static synchronized void load() throws DeviceException {
    if (loaded) {
      return;
    }
    requireDriver();
    try {
      Path directory = Files.createTempDirectory("baton-jcuda-");
      try {
        initialize(directory);
        loaded = true;
      } finally {
        remove(directory);
      }
    } catch (IOException e) {
      throw new DeviceException(
          Reason.FAILED, "JCuda's library cannot be unpacked in the temporary directory: " + e);
    } catch (LinkageError e) {
      throw new DeviceException(
          Reason.FAILED,
          "JCuda's library for %s cannot be loaded: add jcuda-natives for this machine"
              .formatted(System.getProperty("os.arch")));
    }
  }

  /** JCuda's library is there for every machine, and would fail with a page of text. */
  private static void requireDriver() throws DeviceException {
    try {
      SymbolLookup.libraryLookup(DRIVER, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new DeviceException(
          Reason.FAILED, "there is no CUDA driver here: %s cannot be loaded".formatted(DRIVER));
    }
  }

  /**
   * JCuda unpacks its library into the temporary directory, and takes what has its name there
   * already, whoever has put it there: so it is given a directory that is this process's own.
   */
  private static void initialize(Path directory) {
    String before = System.getProperty(TEMPORARY);
    System.setProperty(TEMPORARY, directory.toString());
    try {
      JCuda.initialize();
    } finally {
      System.setProperty(TEMPORARY, before);
    }
  }

  /** What is loaded needs no file any more. */
  private static void remove(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
