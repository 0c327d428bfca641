package io.baton.cli;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** How to start another process of this build: the same Java, options and class path. */
public final class JavaCommand {

  private JavaCommand() {}

  /**
   * The command line of another {@code baton}.
   *
   * @param options of the JVM, over those that this one was started with
   */
  public static List<String> ofThisBuild(List<String> options, String... arguments) {
    return ofThisBuild(Main.class, options, List.of(arguments));
  }

  /** The same, of any class with a main method. */
  public static List<String> ofThisBuild(
      Class<?> main, List<String> options, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(JavaCommand::isInherited)
        .forEach(command::add);
    command.add("-XX:+UseSerialGC");
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    return command;
  }

  /** Memory, agents and files that are written are each process's own affair. */
  private static boolean isInherited(String option) {
    return !option.startsWith("-Xmx")
        && !option.startsWith("-Xlog")
        && !option.startsWith("-agentlib")
        && !option.startsWith("-javaagent")
        && !option.startsWith("-XX:ArchiveClassesAtExit")
        && !option.matches("-XX:\\+Use.*GC");
  }
}
