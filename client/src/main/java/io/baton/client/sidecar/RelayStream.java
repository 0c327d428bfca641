package io.baton.client.sidecar;

import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.ProcessWelcome;
import io.baton.session.model.RelayId;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.pinned.PoolMapping.Access;
import io.baton.transport.pinned.PoolMappings;
import io.baton.transport.process.Dialect;
import io.baton.transport.process.DialedStream;
import io.baton.transport.process.SocketLoop;
import io.baton.transport.stream.Dialed;
import io.baton.transport.stream.StreamHandler;
import io.grpc.stub.ClientResponseObserver;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is said on the stream to the relay, checked; what becomes of it is the link's to decide. */
final class RelayStream implements StreamHandler<ProcessFrame, ProcessReply>, AutoCloseable {

  /** Called on the stream's threads. */
  interface Events {
    /** Takes the lease over. */
    Connection connection(RelayId relay, PoolMappings.Lease pool);

    void ready(Connection connection);

    void replied(Connection connection, Reply reply);

    void lost(@Nullable Connection connection, String why);
  }

  private final SocketLoop loop;
  private final Path socket;
  private final String name;
  private final PoolMappings pools;
  private final Events events;

  /** The last that welcomed us; not yet, or no longer, the link's perhaps. */
  private volatile @Nullable Connection welcomed;

  RelayStream(SocketLoop loop, Path socket, String name, PoolMappings pools, Events events) {
    this.loop = loop;
    this.socket = socket;
    this.name = name;
    this.pools = pools;
    this.events = events;
  }

  @Override
  public Dialed dial(ClientResponseObserver<ProcessFrame, ProcessReply> observer) {
    return DialedStream.dial(loop, socket, Dialect.PROCESS, KeepAlive.DEFAULT, observer);
  }

  @Override
  public ProcessFrame hello() {
    return Frames.hello(name);
  }

  @Override
  public void onWelcome(ProcessReply answer) throws MalformedFrameException {
    ProcessWelcome welcome = answer.getWelcome();
    if (!answer.hasWelcome() || !welcome.hasIdentity() || !welcome.hasPool()) {
      throw new MalformedFrameException("welcome", "missing, or no identity or pool in it");
    }
    if (!Versions.speaks(welcome.getVersion())) {
      throw new MalformedFrameException(
          "welcome.version",
          Integer.toUnsignedString(welcome.getVersion()) + " is not spoken here");
    }
    RelayId relay = IdCodec.fromWire(welcome.getIdentity());
    PoolAddress pool = ExchangeCodec.fromWire(welcome.getPool());
    try {
      welcomed = events.connection(relay, pools.map(pool, Access.READ_WRITE));
    } catch (PoolException | IllegalStateException e) {
      throw new MalformedFrameException("welcome.pool", String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void onReady() {
    Connection connection = welcomed;
    if (connection != null) {
      events.ready(connection);
    }
  }

  @Override
  public void onAnswer(ProcessReply answer) throws MalformedFrameException {
    Connection connection = welcomed;
    if (connection != null) {
      events.replied(connection, Reply.decode(answer));
    }
  }

  @Override
  public void onWritable() {}

  @Override
  public void onLost(String why) {
    Connection connection = welcomed;
    welcomed = null;
    events.lost(connection, why);
  }

  @Override
  public void onDropped(List<ProcessFrame> frames) {
    // With the connection goes all that was said on it.
  }

  /** Lets go of a connection that nobody has taken. */
  @Override
  public void close() {
    Connection connection = welcomed;
    if (connection != null) {
      connection.pool().release();
    }
  }
}
