package io.baton.cli;

import io.baton.transport.grpc.Endpoint;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the path of a Unix-domain socket, with or without {@code unix:} before it. */
public final class SocketConverter implements ITypeConverter<Endpoint.Unix> {
  @Override
  public Endpoint.Unix convert(String text) {
    String path =
        text.startsWith(Endpoint.PREFIX) ? text.substring(Endpoint.PREFIX.length()) : text;
    try {
      return new Endpoint.Unix(Path.of(path));
    } catch (InvalidPathException e) {
      throw new TypeConversionException(e.getMessage());
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
