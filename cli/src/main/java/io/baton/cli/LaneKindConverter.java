package io.baton.cli;

import io.baton.transport.LaneKind;
import java.util.Arrays;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a lane: {@code local}, {@code ucx} or {@code grpc}. */
public final class LaneKindConverter implements ITypeConverter<LaneKind> {
  @Override
  public LaneKind convert(String text) {
    return Arrays.stream(LaneKind.values())
        .filter(lane -> name(lane).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "'%s' is no lane: there are local, ucx and grpc".formatted(text)));
  }

  /** As it is written on the command line. */
  public static String name(LaneKind lane) {
    return lane.name().toLowerCase(Locale.ROOT);
  }
}
