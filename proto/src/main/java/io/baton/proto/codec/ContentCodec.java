package io.baton.proto.codec;

import io.baton.proto.v1.Empty;
import io.baton.session.exchange.Content;
import io.baton.session.model.TensorSpec;

/** What chunks are. */
public final class ContentCodec {

  private ContentCodec() {}

  public static io.baton.proto.v1.Content toWire(Content content) {
    io.baton.proto.v1.Content.Builder wire =
        io.baton.proto.v1.Content.newBuilder().setBytes(content.bytes());
    switch (content) {
      case Content.OfTensor(TensorSpec spec) -> wire.setTensor(TensorCodec.toWire(spec));
      case Content.OfObject _ -> wire.setObject(Empty.getDefaultInstance());
    }
    return wire.build();
  }

  public static Content fromWire(io.baton.proto.v1.Content wire) throws MalformedFrameException {
    long bytes = Fields.unsigned("bytes", wire.getBytes());
    return switch (wire.getKindCase()) {
      case TENSOR -> {
        TensorSpec spec = Fields.nested("tensor", true, wire.getTensor(), TensorCodec::fromWire);
        if (spec.bytes() != bytes) {
          throw new MalformedFrameException(
              "bytes", "%d; a tensor of %s takes %d".formatted(bytes, spec, spec.bytes()));
        }
        yield new Content.OfTensor(spec);
      }
      case OBJECT -> new Content.OfObject(bytes);
      case KIND_NOT_SET -> throw new MalformedFrameException("kind", "missing");
    };
  }
}
