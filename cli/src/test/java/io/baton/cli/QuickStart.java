package io.baton.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * What this test is compiled with, as jars, and an archive of the classes that a short run loads:
 * with it a process of the command takes two thirds of the processor's time. An archive is good for
 * jars alone. Both stay in {@code target}, under a name that says of what they are made.
 *
 * @param classPath instead of this JVM's own
 * @param options of the JVM, none if there is no archive
 */
record QuickStart(String classPath, List<String> options) {

  private static final int MAKING_SECONDS = 300;
  private static final String LOCK = "lock";

  private static final class Holder {
    private static final QuickStart OF_THIS_BUILD = make();
  }

  /** Made by the first that asks. */
  static QuickStart ofThisBuild() {
    return Holder.OF_THIS_BUILD;
  }

  private static QuickStart make() {
    List<Path> own =
        Stream.of(System.getProperty("java.class.path").split(":"))
            .map(Path::of)
            .filter(Files::exists)
            .toList();
    Path all = Path.of("target", "quick-start").toAbsolutePath();
    try {
      Files.createDirectories(all);
      try (FileChannel file =
              FileChannel.open(
                  all.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = file.lock()) {
        return in(all, nameOf(own), own);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static QuickStart in(Path all, String name, List<Path> own) throws IOException {
    Path directory = all.resolve(name);
    Path mark = directory.resolve("made");
    boolean isThere = Files.exists(mark);
    if (!isThere) {
      // Of other classes, or unfinished.
      deleteAllIn(all);
      Files.createDirectory(directory);
    }
    List<String> classPath = new ArrayList<>();
    for (Path entry : own) {
      if (Files.isDirectory(entry)) {
        Path jar = directory.resolve(classPath.size() + ".jar");
        if (!isThere) {
          pack(entry, jar);
        }
        classPath.add(jar.toString());
      } else {
        classPath.add(entry.toString());
      }
    }
    Path archive = directory.resolve("classes.jsa");
    QuickStart made = new QuickStart(String.join(":", classPath), List.of());
    if (!isThere) {
      made.archive(archive);
      Files.createFile(mark);
    }
    return Files.exists(archive)
        ? new QuickStart(made.classPath(), List.of("-XX:SharedArchiveFile=" + archive))
        : made;
  }

  private static void deleteAllIn(Path all) throws IOException {
    try (Stream<Path> files = Files.walk(all)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        if (!file.equals(all) && !file.equals(all.resolve(LOCK))) {
          Files.delete(file);
        }
      }
    }
  }

  private static void pack(Path directory, Path jar) throws IOException {
    int status =
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(
                System.out,
                System.err,
                "--create",
                "--no-compress",
                "--file=" + jar,
                "-C",
                directory.toString(),
                ".");
    if (status != 0) {
      throw new IOException("cannot make " + jar);
    }
  }

  /** Without one, all runs as well, and takes longer. */
  private void archive(Path archive) throws IOException {
    Path unfinished = archive.resolveSibling("unfinished.jsa");
    ProcessBuilder builder =
        new ProcessBuilder(
                Baton.root().resolve("bin/baton").toString(),
                "demo",
                "--json",
                "--kill=2@2",
                "--max-tokens=4")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("BATON_CLASS_PATH", classPath);
    builder.environment().put("BATON_JAVA_OPTS", "-XX:ArchiveClassesAtExit=" + unfinished);
    Process process = builder.start();
    try {
      if (process.waitFor(MAKING_SECONDS, TimeUnit.SECONDS)
          && process.exitValue() == 0
          && Files.exists(unfinished)) {
        Files.move(unfinished, archive, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }

  /** By content where it may change while its name stays. */
  private static String nameOf(List<Path> classPath) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path entry : classPath) {
        try (Stream<Path> files = Files.walk(entry)) {
          for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
            digest.update(file.toString().getBytes(StandardCharsets.UTF_8));
            digest.update(Files.readAllBytes(file));
          }
        }
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
