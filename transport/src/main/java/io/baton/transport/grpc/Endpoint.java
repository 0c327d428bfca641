package io.baton.transport.grpc;

import io.baton.proto.codec.HostPort;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Where a server listens. */
public sealed interface Endpoint {

  /** Written {@code HOST:PORT}. */
  record Tcp(HostPort address) implements Endpoint {

    @Override
    public String toString() {
      return address.toString();
    }
  }

  /** A Unix-domain socket, for processes of one host. Written {@code unix:PATH}. */
  record Unix(Path path) implements Endpoint {

    /** What the address of a Unix-domain socket can hold on Linux, its final zero aside. */
    static final int MAX_PATH_BYTES = 107;

    /**
     * @throws IllegalArgumentException if the path is empty or longer than the system can bind
     */
    public Unix {
      int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
      if (bytes == 0 || bytes > MAX_PATH_BYTES) {
        throw new IllegalArgumentException(
            "the path of a socket has 1 to %d bytes, not %d: %s"
                .formatted(MAX_PATH_BYTES, bytes, path));
      }
    }

    @Override
    public String toString() {
      return PREFIX + path;
    }
  }

  String PREFIX = "unix:";

  static Endpoint tcp(String host, int port) {
    return new Tcp(new HostPort(host, port));
  }

  /**
   * Reads {@code HOST:PORT} or {@code unix:PATH}.
   *
   * @throws IllegalArgumentException with a message that says what is wrong with {@code text}
   */
  static Endpoint parse(String text) {
    if (!text.startsWith(PREFIX)) {
      return new Tcp(HostPort.parse(text));
    }
    try {
      return new Unix(Path.of(text.substring(PREFIX.length())));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(text + " names no path", e);
    }
  }
}
