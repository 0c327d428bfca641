package io.baton.cli;

import io.baton.proto.codec.HostPort;
import java.net.InetAddress;
import java.net.UnknownHostException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads {@code HOST:PORT}. A name with an underscore is taken if this system knows it, as it may
 * from a file or a container's network; in the DNS there is none, so that it is a slip otherwise.
 */
public final class HostPortConverter implements ITypeConverter<HostPort> {
  @Override
  public HostPort convert(String text) {
    try {
      HostPort address = HostPort.parse(text);
      if (address.host().indexOf('_') >= 0) {
        InetAddress.getByName(address.host());
      }
      return address;
    } catch (UnknownHostException e) {
      throw new TypeConversionException("'%s': no such host is known here".formatted(text));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
