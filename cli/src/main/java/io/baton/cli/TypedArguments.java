package io.baton.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of this process as they were typed. Java reads them as the locale says, and what
 * does not fit that becomes U+FFFD without a word; they are UTF-8 here whatever the locale is.
 */
final class TypedArguments {

  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  private TypedArguments() {}

  /**
   * @param arguments as Java has read them
   * @throws CommandException if one of them is not UTF-8
   */
  static String[] of(String[] arguments) throws CommandException {
    try {
      return last(Files.readAllBytes(COMMAND_LINE), arguments);
    } catch (IOException e) {
      // Not Linux; Java's reading has to do.
      return arguments;
    }
  }

  /** Each ends with a zero, and those of the JVM come before. */
  static String[] last(byte[] commandLine, String[] arguments) throws CommandException {
    List<ByteBuffer> all = new ArrayList<>();
    int begin = 0;
    for (int i = 0; i < commandLine.length; i++) {
      if (commandLine[i] == 0) {
        all.add(ByteBuffer.wrap(commandLine, begin, i - begin));
        begin = i + 1;
      }
    }
    if (all.size() <= arguments.length) {
      return arguments;
    }
    List<ByteBuffer> own = all.subList(all.size() - arguments.length, all.size());
    String[] typed = new String[arguments.length];
    for (int i = 0; i < typed.length; i++) {
      typed[i] = decoded(own.get(i), i + 1);
    }
    return typed;
  }

  private static String decoded(ByteBuffer bytes, int number) throws CommandException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
    } catch (CharacterCodingException e) {
      throw new CommandException(
          ExitCode.USAGE,
          "argument %d is not UTF-8: '%s'"
              .formatted(number, StandardCharsets.UTF_8.decode(bytes.duplicate())),
          e);
    }
  }
}
