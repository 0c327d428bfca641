package io.baton.benchmarks.node;

import io.baton.client.stage.StageHarness;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.payload.PayloadTraffic;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A relay as {@code baton relay} runs one, or as {@code baton serve} does. */
final class RelayNode implements Node {

  private final Relay relay;
  private final @Nullable BenchStage stage;
  private final @Nullable StageHarness harness;

  RelayNode(Settings settings) throws Exception {
    String name = settings.get("name");
    List<LaneKind> lanes =
        Arrays.stream(settings.get("lanes").split(",", -1)).map(LaneKind::valueOf).toList();
    RelayConfig.Limits limits = RelayConfig.Limits.DEFAULT;
    RelayConfig config =
        RelayConfig.of(name, Endpoint.tcp("127.0.0.1", 0))
            .withLimits(
                limits
                    .withClientShare(1)
                    .withSessionBytes(
                        Math.min(limits.sessionBytes(), Runtime.getRuntime().maxMemory() / 2)))
            .withDataPlane(
                RelayConfig.DataPlane.DEFAULT
                    .withPoolBytes(settings.bytes("pool"))
                    .withLanes(lanes));
    relay =
        Relay.start(
            settings.has("socket")
                ? config.withProcessSocket(new Endpoint.Unix(settings.path("socket")))
                : config);
    if (settings.has("layer")) {
      stage = new BenchStage(settings.number("layer"), settings.number("bytes"));
      harness = StageHarness.start(stage, name);
      relay.attach(harness);
    } else {
      stage = null;
      harness = null;
    }
  }

  @Override
  public String address() {
    return relay.endpoint().toString();
  }

  @Override
  public void begin(Workload workload) {
    if (stage != null) {
      stage.begin(workload);
    }
  }

  @Override
  public @Nullable Latencies latencies() {
    return stage == null ? null : stage.latencies();
  }

  /** Lanes of links from here, and ways by which payloads of sessions came here. */
  @Override
  public String report() {
    Set<LaneKind> ways = EnumSet.noneOf(LaneKind.class);
    ways.addAll(relay.lanesTo().values());
    PayloadTraffic received = relay.status().payloadsReceived();
    if (received.shared().payloads() > 0) {
      ways.add(LaneKind.LOCAL);
    }
    if (received.ucx().payloads() > 0) {
      ways.add(LaneKind.UCX);
    }
    if (ways.isEmpty()) {
      ways.add(LaneKind.GRPC);
    }
    return String.join(",", ways.stream().map(LaneKind::name).toList());
  }

  @Override
  public void close() {
    relay.close();
    if (harness != null) {
      harness.close();
    }
  }
}
