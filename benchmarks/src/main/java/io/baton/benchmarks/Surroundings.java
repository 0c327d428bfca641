package io.baton.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where figures are from.
 *
 * @param machine processors, memory, system, and how busy it was, in words
 * @param versions of Java and of the libraries that bodies go through
 * @param commit of the sources; empty where that is not known
 */
public record Surroundings(String machine, Map<String, String> versions, Optional<String> commit) {

  private static final Pattern VERSION = Pattern.compile("-([0-9][^/]*)\\.jar$");

  public Surroundings {
    versions = Map.copyOf(versions);
  }

  /**
   * These, now.
   *
   * @param home of the checkout
   */
  public static Surroundings now(Optional<Path> home) {
    Map<String, String> versions = new TreeMap<>();
    versions.put("java", Runtime.version().toString());
    put(versions, "grpc", io.grpc.Grpc.class);
    put(versions, "protobuf", com.google.protobuf.Message.class);
    put(versions, "jucx", org.openucx.jucx.UcxException.class);
    output("ucx_info", "-v")
        .flatMap(Surroundings::ucxVersion)
        .ifPresent(version -> versions.put("ucx", version));
    return new Surroundings(describe(), versions, home.flatMap(Surroundings::commit));
  }

  private static void put(Map<String, String> versions, String name, Class<?> library) {
    CodeSource source = library.getProtectionDomain().getCodeSource();
    if (source != null) {
      Matcher matcher = VERSION.matcher(source.getLocation().getPath());
      if (matcher.find()) {
        versions.put(name, matcher.group(1));
      }
    }
  }

  private static Optional<String> ucxVersion(String text) {
    Matcher matcher = Pattern.compile("ersion[:=] ?([0-9][0-9.]*)").matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private static Optional<String> commit(Path home) {
    String directory = home.toString();
    return output("git", "-C", directory, "rev-parse", "--short=12", "HEAD")
        .map(String::strip)
        .filter(text -> text.matches("[0-9a-f]{12}"))
        .map(
            hash ->
                output("git", "-C", directory, "status", "--porcelain").orElse("").isBlank()
                    ? hash
                    : hash + ", changed");
  }

  private static String describe() {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return String.format(
        Locale.ROOT,
        "%d x %s, %d GiB, %s %s, load %.1f before",
        system.getAvailableProcessors(),
        processor(),
        Math.round(system.getTotalMemorySize() / (double) (1L << 30)),
        system.getName(),
        system.getVersion(),
        system.getSystemLoadAverage());
  }

  private static String processor() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }

  /** What a program writes, if there is one and it goes well. */
  private static Optional<String> output(String... command) {
    try {
      Process process =
          new ProcessBuilder(List.of(command))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? Optional.of(text) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
