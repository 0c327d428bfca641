package io.baton.simulations.proxy;

import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;

/** Ways to get rid of a socket, after which it is gone whatever happened. */
final class Sockets {

  private Sockets() {}

  static void close(Closeable socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // The descriptor is released all the same; there is nothing left to do.
    }
  }

  /** Closes so that the other end gets a reset, not an orderly end. */
  static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (IOException e) {
      // Closed already.
    }
    close(socket);
  }
}
