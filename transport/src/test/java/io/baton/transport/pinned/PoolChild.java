package io.baton.transport.pinned;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A process of its own: {@code hold DIRECTORY} makes a pool, says where, and keeps it; {@code map
 * FILE ID} maps one and answers each line of {@code fill OFFSET GENERATION BYTES VALUE} with what
 * stood there first, once it has filled the slot. Both end with their input, and close nothing
 * before.
 */
final class PoolChild {

  private PoolChild() {}

  static ProcessBuilder command(String... arguments) {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx64m",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            PoolChild.class.getName());
    builder.command().addAll(List.of(arguments));
    return builder.redirectError(ProcessBuilder.Redirect.DISCARD);
  }

  public static void main(String[] arguments) throws IOException {
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    if (arguments[0].equals("hold")) {
      PoolConfig config = PoolConfig.of("child", 1 << 20).withDirectory(Path.of(arguments[1]));
      System.out.println("at " + PinnedPool.create(config).path());
      while (input.readLine() != null) {
        // Until its parent lets go of it.
      }
    } else {
      long id = Long.parseLong(arguments[2]);
      PoolMapping mapping =
          PoolMapping.open(Path.of(arguments[1]), id, PoolMapping.Access.READ_WRITE);
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        System.out.println("found " + fill(mapping, id, line.split(" ", -1)));
      }
    }
  }

  private static String fill(PoolMapping mapping, long id, String[] words) {
    SlotHandle handle = new SlotHandle(id, Long.parseLong(words[1]), Long.parseLong(words[2]));
    try {
      MemorySegment view = mapping.view(handle, Long.parseLong(words[3]));
      byte before = view.get(ValueLayout.JAVA_BYTE, view.byteSize() - 1);
      boolean current = mapping.isCurrent(handle);
      view.fill(Byte.parseByte(words[4]));
      return current ? Byte.toString(before) : "what is not current";
    } catch (StaleHandleException e) {
      return "a stale handle";
    }
  }
}
