package io.baton.transport.process;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.baton.proto.v1.Farewell;
import io.baton.proto.v1.Ping;
import io.baton.proto.v1.Pong;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * How one end says what every stream needs, whatever else is said on it.
 *
 * @param <Q> what this end says
 * @param <A> what it hears
 * @param unreadable what is heard in place of bytes that are no message: it is refused like an
 *     empty one
 */
public record Dialect<Q extends MessageLite, A extends MessageLite>(
    Q ping,
    Q pong,
    Function<Farewell, Q> farewell,
    Parser<A> parser,
    A unreadable,
    Predicate<A> isPing,
    Predicate<A> isPong,
    Function<A, Optional<Farewell>> farewellIn) {

  /** What a relay says. */
  public static final Dialect<ProcessReply, ProcessFrame> RELAY =
      new Dialect<>(
          ProcessReply.newBuilder().setPing(Ping.getDefaultInstance()).build(),
          ProcessReply.newBuilder().setPong(Pong.getDefaultInstance()).build(),
          farewell -> ProcessReply.newBuilder().setFarewell(farewell).build(),
          ProcessFrame.parser(),
          ProcessFrame.getDefaultInstance(),
          ProcessFrame::hasPing,
          ProcessFrame::hasPong,
          heard -> heard.hasFarewell() ? Optional.of(heard.getFarewell()) : Optional.empty());

  /** What a process says. */
  public static final Dialect<ProcessFrame, ProcessReply> PROCESS =
      new Dialect<>(
          ProcessFrame.newBuilder().setPing(Ping.getDefaultInstance()).build(),
          ProcessFrame.newBuilder().setPong(Pong.getDefaultInstance()).build(),
          farewell -> ProcessFrame.newBuilder().setFarewell(farewell).build(),
          ProcessReply.parser(),
          ProcessReply.getDefaultInstance(),
          ProcessReply::hasPing,
          ProcessReply::hasPong,
          heard -> heard.hasFarewell() ? Optional.of(heard.getFarewell()) : Optional.empty());
}
