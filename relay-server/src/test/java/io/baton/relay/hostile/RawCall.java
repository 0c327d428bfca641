package io.baton.relay.hostile;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** A call by gRPC. */
final class RawCall<A> extends RawStream<A> {

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          throw new UnsupportedOperationException("requests are only sent");
        }
      };

  private final ClientCall<byte[], A> call;

  RawCall(Channel channel, MethodDescriptor<?, A> method) {
    call =
        channel.newCall(
            method.toBuilder(BYTES, method.getResponseMarshaller()).build(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(A answer) {
            answered(answer);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            endedAs(status);
          }
        },
        new Metadata());
    call.request(Integer.MAX_VALUE);
  }

  @Override
  RawCall<A> send(byte[] message) {
    try {
      call.sendMessage(message);
    } catch (IllegalStateException e) {
      // The call has ended.
    }
    return this;
  }

  @Override
  RawCall<A> complete() {
    try {
      call.halfClose();
    } catch (IllegalStateException e) {
      // The call has ended.
    }
    return this;
  }

  @Override
  public void close() {
    call.cancel("the test cuts it", null);
  }
}
