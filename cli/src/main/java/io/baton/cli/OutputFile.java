package io.baton.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that a command was asked to write. */
final class OutputFile {

  private OutputFile() {}

  /**
   * Checks that there is a place for it, before minutes are spent on what it shall hold.
   *
   * @throws CommandException if there is none, or this user may not write there
   */
  static void check(Path file) throws CommandException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory) || Files.isDirectory(file)) {
      throw new CommandException(
          ExitCode.USAGE, "%s cannot be written: name a file in a directory".formatted(file));
    }
    if (!Files.isWritable(Files.exists(file) ? file : directory)) {
      throw new CommandException(
          ExitCode.USAGE, "%s cannot be written: it is read-only here".formatted(file));
    }
  }

  /**
   * Writes all of it.
   *
   * @throws CommandException if that cannot be, as on a full disk; of the file a part may be there
   */
  static void write(Path file, String text) throws CommandException {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new CommandException(
          OutputException.readerHasGone(e) ? ExitCode.READER_GONE : ExitCode.CANNOT_WRITE,
          "%s cannot be written: %s".formatted(file, reason(e)),
          e);
    }
  }

  private static String reason(IOException e) {
    return e instanceof FileSystemException failed && failed.getReason() != null
        ? failed.getReason()
        : String.valueOf(e.getMessage());
  }
}
