package io.baton.benchmarks;

import io.baton.benchmarks.node.NodeKind;
import io.baton.benchmarks.node.Settings;
import io.baton.benchmarks.node.Workload;
import io.baton.transport.LaneKind;
import io.baton.transport.ucx.UcxConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Sets up contenders for one plan: Baton's own processes, and those in the same positions. */
final class Rigs {

  private static final String HEAP = "768m";

  private final BenchPlan plan;
  private final Processes processes;
  private final Map<String, String> environment;

  Rigs(BenchPlan plan, Processes processes) {
    this.plan = plan;
    this.processes = processes;
    environment = plan.lane() == LaneKind.UCX ? ucxEnvironment(plan.transports()) : Map.of();
  }

  /** The same for everything that uses UCX. */
  static Map<String, String> ucxEnvironment(String transports) {
    Map<String, String> variables = new LinkedHashMap<>(UcxConfig.environment());
    variables.put("UCX_TLS", transports);
    return variables;
  }

  Rig product() throws BenchException, InterruptedException {
    return switch (plan.kind()) {
      case HOP -> hop();
      case SIDECAR -> sidecar();
      case RELAYS -> links(node(NodeKind.LINK), true);
      case PUSHES -> links(node(NodeKind.PUSH).with("beside", plan.beside()), true);
    };
  }

  private Rig hop() throws BenchException, InterruptedException {
    List<Child> all = new ArrayList<>();
    List<String> addresses = new ArrayList<>();
    for (int layer = 0; layer < 2; layer++) {
      Settings relay = relay("relay-" + layer);
      Settings stage = node(NodeKind.STAGE);
      if (plan.apart()) {
        String socket = processes.socket().toString();
        relay = relay.with("socket", socket);
        stage = stage.with("socket", socket).with("layer", layer);
      } else {
        relay = relay.with("layer", layer);
      }
      Child child = start(relay);
      all.add(child);
      addresses.add(child.address());
      if (plan.apart()) {
        all.add(start(stage));
      }
    }
    Child client = start(node(NodeKind.CLIENT).with("relays", String.join(",", addresses)));
    all.addFirst(client);
    return new Rig(client, all.getLast(), all, true);
  }

  private Rig sidecar() throws BenchException, InterruptedException {
    List<Child> relays = new ArrayList<>();
    List<String> sockets = new ArrayList<>();
    for (int i = 0; i < plan.relays(); i++) {
      sockets.add(processes.socket().toString());
      relays.add(start(relay("relay-" + i).with("socket", sockets.getLast())));
    }
    String receipts = processes.socket().toString();
    Child reader =
        start(node(NodeKind.READER).with("socket", sockets.getLast()).with("receipts", receipts));
    Settings sender =
        node(NodeKind.SENDER).with("socket", sockets.getFirst()).with("receipts", receipts);
    Child source =
        start(plan.relays() == 1 ? sender : sender.with("to", relays.getLast().address()));
    List<Child> all = new ArrayList<>(List.of(source));
    all.addAll(relays);
    all.add(reader);
    return new Rig(source, reader, all, true);
  }

  /** Bare jucx. */
  Rig jucx() throws BenchException, InterruptedException {
    return links(node(NodeKind.JUCX), false);
  }

  /** Two of a kind, of which each has to know the other. */
  private Rig links(Settings kind, boolean countsCopies)
      throws BenchException, InterruptedException {
    Child source = start(kind);
    Child sink = start(kind);
    var _ = source.ask("connect " + sink.address());
    var _ = sink.ask("connect " + source.address());
    return new Rig(source, sink, List.of(source, sink), countsCopies);
  }

  /** Sockets and selectors. */
  Rig sockets() throws BenchException, InterruptedException {
    Settings source = node(NodeKind.SOCKET_SOURCE);
    Settings sink = node(NodeKind.SOCKET_SINK);
    if (plan.sharesMemory()) {
      String file = processes.sharedFile().toString();
      source = source.with("file", file);
      sink = sink.with("file", file);
    }
    Child last = start(sink.with("socket", processes.socket()));
    return chain(
        last,
        source,
        (_, next) ->
            node(NodeKind.SOCKET_RELAY).with("socket", processes.socket()).with("next", next));
  }

  /** Streams of gRPC: between relays over tcp, and to them over Unix-domain sockets. */
  Rig streams() throws BenchException, InterruptedException {
    boolean direct = plan.between() == 0;
    Child last = start(node(NodeKind.STREAM_SINK).with("listen", direct ? "tcp" : unixAddress()));
    return chain(
        last,
        node(NodeKind.STREAM_SOURCE),
        (isFirst, next) ->
            node(NodeKind.STREAM_RELAY)
                .with("listen", isFirst ? unixAddress() : "tcp")
                .with("next", next));
  }

  private String unixAddress() {
    return "unix:" + processes.socket();
  }

  /** What passes on, of a chain. */
  private interface Between {
    Settings of(boolean isFirst, String next);
  }

  private Rig chain(Child sink, Settings source, Between between)
      throws BenchException, InterruptedException {
    List<Child> all = new ArrayList<>(List.of(sink));
    for (int i = plan.between(); i > 0; i--) {
      all.addFirst(start(between.of(i == 1, all.getFirst().address())));
    }
    all.addFirst(start(source.with("next", all.getFirst().address())));
    return new Rig(all.getFirst(), sink, all, false);
  }

  private Settings relay(String name) {
    return node(NodeKind.RELAY).with("name", name).with("lanes", plan.lane().name());
  }

  private Settings node(NodeKind kind) {
    Workload workload = plan.workload();
    return Settings.of(kind)
        .with("bytes", workload.bytes())
        .with("lane", plan.lane().name())
        .with("pool", plan.poolBytes());
  }

  private Child start(Settings settings) throws BenchException, InterruptedException {
    return processes.start(settings, HEAP, environment);
  }
}
