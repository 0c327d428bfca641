package io.baton.relay;

import io.baton.proto.v1.StageFrame;
import io.baton.session.stage.StageEffect;
import java.util.List;

/** The way back to a session's client. Never blocks. */
interface ClientSink {

  /**
   * Sends the frames together, or, if the client reads too slowly to take them, ends its stream.
   */
  void send(List<StageFrame> frames);

  /** Sends an output, in the way that its bytes can travel to this client. */
  void respond(StageEffect.Respond output);

  /** The session is over, and the stream without one until it opens it again. */
  void sessionOver(RelaySession ended);

  /** Ends the stream, because another has taken its place or the session is over. */
  void end(String why);
}
