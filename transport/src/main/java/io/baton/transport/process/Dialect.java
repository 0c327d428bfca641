package io.baton.transport.process;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.baton.proto.v1.Farewell;
import io.baton.proto.v1.Ping;
import io.baton.proto.v1.Pong;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import java.util.Optional;

/**
 * How one end says what every stream needs, whatever else is said on it.
 *
 * @param <Q> what this end says
 * @param <A> what it hears
 */
public sealed interface Dialect<Q extends MessageLite, A extends MessageLite> {

  Dialect<ProcessReply, ProcessFrame> RELAY = new OfRelays();

  Dialect<ProcessFrame, ProcessReply> PROCESS = new OfProcesses();

  Parser<A> parser();

  /** What is heard in place of bytes that are no message: it is refused like an empty one. */
  A unreadable();

  Q ping();

  Q pong();

  Q farewell(Farewell farewell);

  boolean isPing(A heard);

  boolean isPong(A heard);

  Optional<Farewell> farewellIn(A heard);

  /** What a relay says. */
  final class OfRelays implements Dialect<ProcessReply, ProcessFrame> {

    private static final ProcessReply PING =
        ProcessReply.newBuilder().setPing(Ping.getDefaultInstance()).build();
    private static final ProcessReply PONG =
        ProcessReply.newBuilder().setPong(Pong.getDefaultInstance()).build();

    private OfRelays() {}

    @Override
    public Parser<ProcessFrame> parser() {
      return ProcessFrame.parser();
    }

    @Override
    public ProcessFrame unreadable() {
      return ProcessFrame.getDefaultInstance();
    }

    @Override
    public ProcessReply ping() {
      return PING;
    }

    @Override
    public ProcessReply pong() {
      return PONG;
    }

    @Override
    public ProcessReply farewell(Farewell farewell) {
      return ProcessReply.newBuilder().setFarewell(farewell).build();
    }

    @Override
    public boolean isPing(ProcessFrame heard) {
      return heard.hasPing();
    }

    @Override
    public boolean isPong(ProcessFrame heard) {
      return heard.hasPong();
    }

    @Override
    public Optional<Farewell> farewellIn(ProcessFrame heard) {
      return heard.hasFarewell() ? Optional.of(heard.getFarewell()) : Optional.empty();
    }
  }

  /** What a process says. */
  final class OfProcesses implements Dialect<ProcessFrame, ProcessReply> {

    private static final ProcessFrame PING =
        ProcessFrame.newBuilder().setPing(Ping.getDefaultInstance()).build();
    private static final ProcessFrame PONG =
        ProcessFrame.newBuilder().setPong(Pong.getDefaultInstance()).build();

    private OfProcesses() {}

    @Override
    public Parser<ProcessReply> parser() {
      return ProcessReply.parser();
    }

    @Override
    public ProcessReply unreadable() {
      return ProcessReply.getDefaultInstance();
    }

    @Override
    public ProcessFrame ping() {
      return PING;
    }

    @Override
    public ProcessFrame pong() {
      return PONG;
    }

    @Override
    public ProcessFrame farewell(Farewell farewell) {
      return ProcessFrame.newBuilder().setFarewell(farewell).build();
    }

    @Override
    public boolean isPing(ProcessReply heard) {
      return heard.hasPing();
    }

    @Override
    public boolean isPong(ProcessReply heard) {
      return heard.hasPong();
    }

    @Override
    public Optional<Farewell> farewellIn(ProcessReply heard) {
      return heard.hasFarewell() ? Optional.of(heard.getFarewell()) : Optional.empty();
    }
  }
}
