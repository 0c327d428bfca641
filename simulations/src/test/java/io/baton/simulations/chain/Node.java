package io.baton.simulations.chain;

import io.baton.client.stage.StageHarness;
import io.baton.proto.codec.HostPort;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.model.LayerSpan;
import io.baton.simulations.proxy.DelayingProxy;
import io.baton.transport.grpc.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A relay and its stage, and what stands between them and everybody else. */
final class Node implements AutoCloseable {

  /** What clients and peers reach instead of the relay itself. */
  enum Front {
    NOTHING,
    /** A {@link DelayingProxy}: cuts, delays and stalls bytes. */
    PROXY,
    /** A {@link Tap}: sees and changes frames. */
    TAP
  }

  private final RelayConfig config;
  private final Front front;
  private int port;
  final OracleExecutor oracle;
  final MischievousExecutor executor;
  private final StageHarness harness;
  private volatile @Nullable Relay relay;
  private @Nullable DelayingProxy proxy;
  private @Nullable Tap tap;

  private Node(
      String name,
      int layers,
      LayerSpan span,
      RelayConfig.Limits limits,
      Front front,
      RelayConfig.DataPlane dataPlane) {
    this.config =
        RelayConfig.of(name, Endpoint.tcp("127.0.0.1", 0))
            .withLimits(limits)
            .withDataPlane(dataPlane);
    this.front = front;
    this.oracle = new OracleExecutor(layers, span.first(), span.end(), TestChain.MAX_LENGTH);
    this.executor = new MischievousExecutor(oracle);
    this.harness = StageHarness.start(executor, name);
  }

  static Node start(String name, int layers, LayerSpan span, RelayConfig.Limits limits, Front front)
      throws IOException {
    return start(name, layers, span, limits, front, RelayConfig.DataPlane.DEFAULT);
  }

  static Node start(
      String name,
      int layers,
      LayerSpan span,
      RelayConfig.Limits limits,
      Front front,
      RelayConfig.DataPlane dataPlane)
      throws IOException {
    Node node = new Node(name, layers, span, limits, front, dataPlane);
    node.restart();
    InetSocketAddress target = new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port);
    switch (front) {
      case NOTHING -> {}
      case PROXY -> node.proxy = DelayingProxy.start(target, Duration.ZERO);
      case TAP -> node.tap = Tap.inFrontOf(node.relay().endpoint());
    }
    return node;
  }

  /** The relay dies; its stage loses all sessions. */
  void kill() {
    relay().close();
    relay = null;
  }

  /** It comes back at the same port, as another incarnation. */
  void restart() throws IOException {
    Relay started =
        Relay.start(
            new RelayConfig(
                config.name(),
                Endpoint.tcp("127.0.0.1", port),
                config.processSocket(),
                config.limits(),
                config.dataPlane()));
    relay = started;
    if (started.endpoint() instanceof Endpoint.Tcp(HostPort bound)) {
      port = bound.port();
    }
    started.attach(harness);
  }

  Relay relay() {
    Relay alive = relay;
    if (alive == null) {
      throw new IllegalStateException(config.name() + " is dead");
    }
    return alive;
  }

  Optional<Relay> relayIfAlive() {
    return Optional.ofNullable(relay);
  }

  StageHarness harness() {
    return harness;
  }

  DelayingProxy proxy() {
    if (proxy == null) {
      throw new IllegalStateException(config.name() + " has no proxy in front of it");
    }
    return proxy;
  }

  Tap tap() {
    if (tap == null) {
      throw new IllegalStateException(config.name() + " has no tap in front of it");
    }
    return tap;
  }

  String name() {
    return config.name();
  }

  /** Where clients and peers find it. */
  HostPort address() {
    return switch (front) {
      case NOTHING -> new HostPort("127.0.0.1", port);
      case PROXY -> new HostPort("127.0.0.1", proxy().address().getPort());
      case TAP -> tap().address();
    };
  }

  @Override
  public void close() {
    if (tap != null) {
      tap.close();
    }
    relayIfAlive().ifPresent(Relay::close);
    if (proxy != null) {
      proxy.close();
    }
    harness.close();
  }
}
