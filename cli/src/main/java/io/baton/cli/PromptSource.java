package io.baton.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a command's prompt comes from: from the command line as it is, from a file, or from
 * standard input. A file is UTF-8; the end of its last line, which is the editor's, is no part of
 * the prompt, and neither is a mark of the byte order.
 */
public final class PromptSource {

  public static final String FILE_OPTION = "--prompt-file";

  /** A model with a context of a million tokens holds as much. */
  static final int MOST_BYTES = 4 << 20;

  public static final String FILE_DESCRIPTION =
      "Read the prompt from this file instead, UTF-8 of at most 4 MiB without the end of its last"
          + " line; - for standard input.";

  private static final String STANDARD_INPUT = "-";
  private static final char BYTE_ORDER_MARK = '\ufeff';

  private final String given;
  private final boolean isText;

  private PromptSource(String given, boolean isText) {
    this.given = given;
    this.isText = isText;
  }

  /**
   * The one of the two that was given.
   *
   * @param prompt the text itself, or {@code -}
   * @param file its name, or {@code -}
   * @throws CommandException if it is both, or none
   */
  public static PromptSource of(@Nullable String prompt, @Nullable String file)
      throws CommandException {
    if (prompt != null && file != null) {
      throw new CommandException(
          ExitCode.USAGE, "a prompt and %s do not go together".formatted(FILE_OPTION));
    }
    if (file != null) {
      return new PromptSource(file, false);
    }
    if (prompt == null) {
      throw new CommandException(
          ExitCode.USAGE, "there is no PROMPT, and no %s".formatted(FILE_OPTION));
    }
    return new PromptSource(prompt, !prompt.equals(STANDARD_INPUT));
  }

  /**
   * The prompt, which may be empty. To be asked once, since standard input is read once.
   *
   * @throws CommandException if it cannot be read, is too long, or no UTF-8
   */
  public String text() throws CommandException {
    return isText ? given : read();
  }

  private String read() throws CommandException {
    try {
      if (given.equals(STANDARD_INPUT)) {
        return decoded("standard input", System.in.readNBytes(MOST_BYTES + 1));
      }
      Path file = Path.of(given);
      if (!Files.exists(file)) {
        throw unreadable("there is no such file");
      }
      if (Files.isDirectory(file)) {
        throw unreadable("it is a directory");
      }
      if (!Files.isReadable(file)) {
        throw unreadable("this user may not read it");
      }
      try (InputStream input = Files.newInputStream(file)) {
        return decoded(given, input.readNBytes(MOST_BYTES + 1));
      }
    } catch (InvalidPathException e) {
      throw unreadable("that is no name of a file");
    } catch (IOException e) {
      throw unreadable(String.valueOf(e.getMessage()));
    }
  }

  private CommandException unreadable(String why) {
    return new CommandException(
        ExitCode.USAGE, "%s %s cannot be read: %s".formatted(FILE_OPTION, given, why));
  }

  private static String decoded(String name, byte[] bytes) throws CommandException {
    if (bytes.length > MOST_BYTES) {
      throw new CommandException(
          ExitCode.INPUT, "%s has more than the 4 MiB that a prompt may have".formatted(name));
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
    if (result.isError()) {
      throw new CommandException(
          ExitCode.USAGE,
          "%s is not UTF-8: byte 0x%02x at offset %d begins no letter"
              .formatted(name, bytes[in.position()], in.position()));
    }
    return withoutMarks(out.flip().toString());
  }

  private static String withoutMarks(String text) {
    int begin = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
    int end = text.length();
    if (end > begin && text.charAt(end - 1) == '\n') {
      end--;
      if (end > begin && text.charAt(end - 1) == '\r') {
        end--;
      }
    }
    return text.substring(begin, end);
  }
}
