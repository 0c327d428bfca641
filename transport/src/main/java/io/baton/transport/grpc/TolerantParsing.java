package io.baton.transport.grpc;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets services answer for messages that cannot be parsed. By itself gRPC throws on its own thread,
 * logs a stack trace for the asking, answers UNKNOWN, and does not tell the service that its stream
 * has ended, so that whatever the service keeps for it is kept for good.
 *
 * <p>Instead such a message arrives as an empty one. In every stream of {@code baton.v1} that is a
 * frame without content, which ends the stream as malformed; in a unary request it lacks the
 * versions, without which it is refused.
 */
final class TolerantParsing {

  private TolerantParsing() {}

  static ServerServiceDefinition of(ServerServiceDefinition service) {
    ServiceDescriptor strict = service.getServiceDescriptor();
    // With the schema, which is what reflection goes by.
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(strict.getName())
            .setSchemaDescriptor(strict.getSchemaDescriptor());
    List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
    for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
      ServerMethodDefinition<?, ?> tolerant = tolerant(method);
      methods.add(tolerant);
      descriptor.addMethod(tolerant.getMethodDescriptor());
    }
    ServerServiceDefinition.Builder tolerant = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(tolerant::addMethod);
    return tolerant.build();
  }

  private static <Q, S> ServerMethodDefinition<Q, S> tolerant(ServerMethodDefinition<Q, S> method) {
    MethodDescriptor<Q, S> descriptor = method.getMethodDescriptor();
    if (!(descriptor.getRequestMarshaller() instanceof PrototypeMarshaller<Q> strict)) {
      throw new IllegalArgumentException(descriptor + " does not take protobuf messages");
    }
    return ServerMethodDefinition.create(
        descriptor.toBuilder(new Tolerant<>(strict), descriptor.getResponseMarshaller()).build(),
        method.getServerCallHandler());
  }

  private record Tolerant<T>(PrototypeMarshaller<T> strict) implements PrototypeMarshaller<T> {

    @Override
    public InputStream stream(T value) {
      return strict.stream(value);
    }

    @Override
    public T parse(InputStream stream) {
      try {
        return strict.parse(stream);
      } catch (StatusRuntimeException e) {
        return java.util.Objects.requireNonNull(strict.getMessagePrototype());
      }
    }

    @Override
    public T getMessagePrototype() {
      return java.util.Objects.requireNonNull(strict.getMessagePrototype());
    }

    @Override
    public Class<T> getMessageClass() {
      return strict.getMessageClass();
    }
  }
}
