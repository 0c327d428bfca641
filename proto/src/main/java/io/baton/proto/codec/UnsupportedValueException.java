package io.baton.proto.codec;

/** An object that cannot be sent; the message says which part of it, and what can. */
public final class UnsupportedValueException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  UnsupportedValueException(String path, String problem) {
    super(path + ": " + problem);
  }
}
