package io.baton.transport.stream;

import io.baton.proto.codec.MalformedFrameException;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;

/**
 * What a {@link KeptStream} speaks. Called on the stream's threads, by one at a time for each
 * connection; must not block.
 *
 * @param <Q> frames to the peer
 * @param <A> frames from the peer
 */
public interface StreamHandler<Q, A> {

  /**
   * Begins to reach the peer and returns without waiting for it; if it throws, the attempt has
   * failed.
   */
  Dialed dial(ClientResponseObserver<Q, A> observer);

  /** The first frame of every connection; nothing else is sent before the peer answers it. */
  Q hello();

  /**
   * The peer's first answer.
   *
   * @throws MalformedFrameException if this peer cannot be worked with; the connection ends
   */
  void onWelcome(A answer) throws MalformedFrameException;

  /** The peer has been heard, and what is offered is sent from now on. */
  void onReady();

  /**
   * Any later answer.
   *
   * @throws MalformedFrameException if it breaks the protocol; the connection ends
   */
  void onAnswer(A answer) throws MalformedFrameException;

  /** More can be written than could be a moment ago. */
  void onWritable();

  /**
   * The connection is no more, or never came about; another will be tried.
   *
   * @param why for a person
   */
  void onLost(String why);

  /** Frames that were accepted will not be sent. */
  void onDropped(List<Q> frames);
}
