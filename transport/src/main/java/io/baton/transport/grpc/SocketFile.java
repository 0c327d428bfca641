package io.baton.transport.grpc;

import io.baton.transport.grpc.BindFailedException.Reason;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** The file by which a Unix-domain socket is found. */
public final class SocketFile {

  private SocketFile() {}

  /**
   * A process that was killed leaves its socket behind, and nobody could bind it again.
   *
   * @throws BindFailedException if somebody listens there, or it is no socket
   */
  public static void removeStale(Endpoint.Unix endpoint) throws BindFailedException {
    Path path = endpoint.path();
    try {
      if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        return;
      }
      if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isOther()) {
        throw new BindFailedException(endpoint, Reason.NO_SOCKET);
      }
      if (answers(path)) {
        throw new BindFailedException(endpoint, Reason.IN_USE);
      }
      Files.deleteIfExists(path);
    } catch (BindFailedException e) {
      throw e;
    } catch (IOException e) {
      throw new BindFailedException(endpoint, Reason.OTHER, e);
    }
  }

  /** Only this user may connect. */
  public static void closeToOthers(Endpoint.Unix endpoint) throws IOException {
    Files.setPosixFilePermissions(endpoint.path(), PosixFilePermissions.fromString("rw-------"));
  }

  /** Whether somebody listens; to connect over a Unix-domain socket takes no time either way. */
  private static boolean answers(Path path) {
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return probe.connect(UnixDomainSocketAddress.of(path));
    } catch (IOException nobody) {
      return false;
    }
  }
}
