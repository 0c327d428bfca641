package io.baton.proto.codec;

import io.baton.session.model.Source;

/** Where an input came from. */
public final class SourceCodec {

  private SourceCodec() {}

  public static io.baton.proto.v1.Source toWire(Source source) {
    return switch (source) {
      case CLIENT -> io.baton.proto.v1.Source.SOURCE_CLIENT;
      case PEER -> io.baton.proto.v1.Source.SOURCE_PEER;
    };
  }

  /**
   * A source by its number.
   *
   * @param number the number on the wire, as {@code getXxxValue()} gives it
   * @param field the field that holds it, for the error
   */
  public static Source fromWire(int number, String field) throws MalformedFrameException {
    return switch (number) {
      case io.baton.proto.v1.Source.SOURCE_CLIENT_VALUE -> Source.CLIENT;
      case io.baton.proto.v1.Source.SOURCE_PEER_VALUE -> Source.PEER;
      case io.baton.proto.v1.Source.SOURCE_UNSPECIFIED_VALUE ->
          throw new MalformedFrameException(field, "missing");
      default -> throw new MalformedFrameException(field, number + " is no known source");
    };
  }
}
