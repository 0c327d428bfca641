package io.baton.relay.hostile;

import io.baton.proto.v1.Farewell;
import io.baton.proto.v1.Pong;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import io.grpc.Status;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A process of the relay's host, as the protocol is written down: frames on a plain socket. */
final class RawProcess extends RawStream<ProcessReply> {

  private final SocketChannel socket;

  RawProcess(Path path) {
    try {
      socket = SocketChannel.open(StandardProtocolFamily.UNIX);
      socket.connect(UnixDomainSocketAddress.of(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().start(this::listen);
  }

  private void listen() {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Channels.newInputStream(socket)))) {
      while (true) {
        ProcessReply reply = ProcessReply.parseFrom(in.readNBytes(in.readInt()));
        if (reply.hasFarewell()) {
          Farewell farewell = reply.getFarewell();
          endedAs(Status.fromCodeValue(farewell.getCode()).withDescription(farewell.getMessage()));
        } else if (reply.hasPing()) {
          send(ProcessFrame.newBuilder().setPong(Pong.getDefaultInstance()).build());
        } else {
          answered(reply);
        }
      }
    } catch (IOException e) {
      endedAs(Status.CANCELLED.withDescription("cut off"));
    }
  }

  /** Sends bytes as they are, with no length before them. */
  RawProcess sendPlain(byte[] bytes) {
    ByteBuffer left = ByteBuffer.wrap(bytes);
    synchronized (socket) {
      try {
        while (left.hasRemaining()) {
          socket.write(left);
        }
      } catch (IOException e) {
        // It has ended.
      }
    }
    return this;
  }

  @Override
  RawProcess send(byte[] message) {
    return sendPlain(
        ByteBuffer.allocate(Integer.BYTES + message.length)
            .putInt(message.length)
            .put(message)
            .array());
  }

  @Override
  RawProcess complete() {
    send(ProcessFrame.newBuilder().setFarewell(Farewell.getDefaultInstance()).build());
    return this;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
