package io.baton.stages;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.baton.transport.MemoryLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The native library of Hugging Face's tokenizers, loaded once per process from the jar that
 * carries it.
 *
 * <p>The jar's own loader is not used, and what it needs is not on the class path: it reports to
 * its makers when it is first touched, fetches another build of the library where it finds a CUDA
 * device, and leaves what it unpacks in the home directory. Here the library comes from memory that
 * no directory knows. Only where there is no such memory is it written to a file of its own in
 * {@code java.io.tmpdir} that is gone once it is loaded. A process that is killed in between leaves
 * a file that nobody locks; the next one removes it.
 */
final class TokenizerLibrary {

  private static final Logger logger = LoggerFactory.getLogger(TokenizerLibrary.class);
  private static final String PREFIX = "baton-tokenizers-";
  private static final String SUFFIX = ".lib";
  private static final int ATTEMPTS = 10;

  private static final Object lock = new Object();
  private static boolean loaded;

  private TokenizerLibrary() {}

  /**
   * The library's functions; loads it if nobody has.
   *
   * @throws TokenizerLibraryException if this machine cannot load it
   */
  static TokenizersLibrary get() throws TokenizerLibraryException {
    synchronized (lock) {
      if (!loaded) {
        if (!loadFromMemory()) {
          loadFrom(Path.of(System.getProperty("java.io.tmpdir")));
        }
        loaded = true;
      }
    }
    return TokenizersLibrary.LIB;
  }

  /** False if the system has no memory for it, or nothing may be executed there. */
  private static boolean loadFromMemory() throws TokenizerLibraryException {
    try (InputStream bytes = open(resource())) {
      Optional<MemoryLibrary> library = MemoryLibrary.of("baton-tokenizers", bytes);
      if (library.isEmpty()) {
        return false;
      }
      try (MemoryLibrary tokenizers = library.get()) {
        tokenizers.load();
        return true;
      }
    } catch (IOException | UnsatisfiedLinkError e) {
      logger.debug("The tokenizer library cannot be loaded from memory: {}", e.toString());
      return false;
    }
  }

  /** Where there is no memory for it. */
  static void loadFrom(Path directory) throws TokenizerLibraryException {
    removeOrphans(directory);
    Path file = directory;
    try {
      for (int attempt = 1; ; attempt++) {
        file = Files.createTempFile(directory, PREFIX, SUFFIX);
        if (load(resource(), file)) {
          return;
        }
        if (attempt == ATTEMPTS) {
          throw new IOException("somebody removes what is put there");
        }
      }
    } catch (IOException e) {
      throw new TokenizerLibraryException(
          "the tokenizer library cannot be unpacked into %s (%s): name a directory that can be written to with -Djava.io.tmpdir="
              .formatted(directory, e),
          e);
    } catch (UnsatisfiedLinkError e) {
      throw new TokenizerLibraryException(
          "the tokenizer library cannot be loaded from %s (%s): if files there may not be executed, name another directory with -Djava.io.tmpdir="
              .formatted(directory, withoutPath(e, file)),
          e);
    }
  }

  /**
   * Loads the library by way of a new {@code file}, which nobody else removes once it is locked.
   *
   * @return false if somebody had removed it before
   */
  @SuppressWarnings("restricted") // Native code is what this is about.
  private static boolean load(String resource, Path file) throws IOException {
    try (InputStream library = open(resource);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.lock();
      if (!Files.exists(file)) {
        return false;
      }
      library.transferTo(Channels.newOutputStream(channel));
      System.load(file.toAbsolutePath().toString());
      return true;
    } catch (NoSuchFileException e) {
      return false;
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static InputStream open(String resource) throws TokenizerLibraryException {
    InputStream library = TokenizersLibrary.class.getClassLoader().getResourceAsStream(resource);
    if (library == null) {
      throw new TokenizerLibraryException(
          "the tokenizer library is not made for this machine: there is no " + resource, null);
    }
    return library;
  }

  /** Where the jar has the library for an operating system and a processor. */
  private static String resource() {
    String system = System.getProperty("os.name");
    String processor = System.getProperty("os.arch");
    String os = system.startsWith("Mac") ? "osx" : system.toLowerCase(Locale.ROOT);
    String arch = processor.equals("amd64") ? "x86_64" : processor;
    return "native/lib/%s-%s/cpu/%s".formatted(os, arch, System.mapLibraryName("tokenizers"));
  }

  private static void removeOrphans(Path directory) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, PREFIX + "*" + SUFFIX)) {
      for (Path file : files) {
        removeIfOrphan(file);
      }
    } catch (IOException | DirectoryIteratorException e) {
      logger.debug("Cannot look for what dead processes left in {}: {}", directory, e.toString());
    }
  }

  private static void removeIfOrphan(Path file) {
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        FileLock orphan = channel.tryLock()) {
      if (orphan != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | OverlappingFileLockException e) {
      logger.debug("{} is somebody else's: {}", file, e.toString());
    }
  }

  /** What the system's loader says begins with the file's name, which is gone by then. */
  private static String withoutPath(UnsatisfiedLinkError e, Path file) {
    return String.valueOf(e.getMessage()).replace(file.toAbsolutePath() + ": ", "").strip();
  }
}
