package io.baton.cli;

import io.baton.stages.ModelDirectory;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Which part of a model a stage runs: the I-th of N equal shares of its layers, counted from 1. */
public record StageShare(int index, int count) {

  @Override
  public String toString() {
    return index + "/" + count;
  }

  /**
   * Checks that the model has so many equal shares.
   *
   * @throws CommandException if it has not
   */
  public void checkDivides(ModelDirectory model) throws CommandException {
    if (count > 1 && !model.splits()) {
      throw new CommandException(
          ExitCode.USAGE, "%s: its layers cannot be divided into stages".formatted(model.path()));
    }
    if (model.layers() % count != 0) {
      throw new CommandException(
          ExitCode.USAGE,
          "%s: its %d layers do not divide into %d equal stages"
              .formatted(model.path(), model.layers(), count));
    }
  }

  /** Reads {@code I/N}. */
  public static final class Converter implements ITypeConverter<StageShare> {
    @Override
    public StageShare convert(String text) {
      String[] parts = text.split("/", -1);
      try {
        int index = Integer.parseInt(parts[0]);
        int count = Integer.parseInt(parts[1]);
        if (parts.length == 2 && index >= 1 && index <= count) {
          return new StageShare(index, count);
        }
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        // The message below says it better.
      }
      throw new TypeConversionException(
          "'%s' is not I/N with I from 1 to N, as in 2/4".formatted(text));
    }
  }
}
