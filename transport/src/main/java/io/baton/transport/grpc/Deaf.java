package io.baton.transport.grpc;

import io.grpc.stub.StreamObserver;

/** For a stream that was refused: whatever was under way to it is ignored. */
public final class Deaf<T> implements StreamObserver<T> {

  @Override
  public void onNext(T frame) {}

  @Override
  public void onError(Throwable cause) {}

  @Override
  public void onCompleted() {}
}
