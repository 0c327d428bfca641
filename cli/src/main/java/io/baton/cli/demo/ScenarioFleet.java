package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.DefaultPools;
import io.baton.cli.ExitCode;
import io.baton.cli.StageShare;
import io.baton.client.session.ClientOptions;
import io.baton.proto.codec.HostPort;
import io.baton.simulations.scenario.RelayHost;
import io.baton.simulations.scenario.RelayWays;
import io.baton.simulations.scenario.Roster;
import io.baton.simulations.scenario.Scenario;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/** A scenario's relays, each in a process of its own, with the ways to them. */
final class ScenarioFleet implements RelayHost<Exception>, AutoCloseable {

  private final Scenario scenario;
  private final ModelDirectory model;
  private final long poolBytes;
  private final PrintWriter log;
  private final Map<String, ProcessStage> processes = new ConcurrentHashMap<>();
  private final Map<String, Berth> berths = new LinkedHashMap<>();
  private final Map<String, RelayWays> ways = new LinkedHashMap<>();
  private final Pauses pauses = new Pauses();

  /** Interrupted from the keyboard: there is no time for order, but nothing must stay behind. */
  private final Thread hook =
      Thread.ofPlatform()
          .name("baton-stop")
          .unstarted(() -> processes.values().forEach(ProcessStage::abandon));

  private ScenarioFleet(Scenario scenario, ModelDirectory model, long poolBytes, PrintWriter log) {
    this.scenario = scenario;
    this.model = model;
    this.poolBytes = poolBytes;
    this.log = log;
  }

  /** Starts all relays and waits until they can be reached. */
  static ScenarioFleet start(
      Scenario scenario, Roster roster, ModelDirectory model, PrintWriter log)
      throws CommandException, ModelException, IOException, InterruptedException {
    ScenarioFleet fleet =
        new ScenarioFleet(scenario, model, DefaultPools.bytes(relays(scenario)), log);
    Runtime.getRuntime().addShutdownHook(fleet.hook);
    try {
      fleet.launch(roster);
      fleet.open();
      return fleet;
    } catch (CommandException
        | ModelException
        | IOException
        | InterruptedException
        | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  private static int relays(Scenario scenario) {
    return IntStream.rangeClosed(1, scenario.stages()).map(scenario::relaysOf).sum();
  }

  /** The preferred relays of all stages come before their spares. */
  private void launch(Roster roster) throws CommandException, ModelException, IOException {
    boolean more = true;
    for (int rank = 0; more; rank++) {
      more = false;
      for (int stage = 1; stage <= scenario.stages(); stage++) {
        if (rank < roster.relays(stage).size()) {
          more = true;
          String name = roster.relays(stage).get(rank);
          berths.put(
              name,
              Berth.occupied(this::launch, name, model, new StageShare(stage, scenario.stages())));
        }
      }
    }
  }

  private RunningStage launch(
      String name, ModelDirectory directory, StageShare share, HostPort listen)
      throws CommandException {
    ProcessStage process = ProcessStage.launch(name, directory, share, listen, poolBytes, log);
    processes.put(name, process);
    return process;
  }

  private void open() throws CommandException, InterruptedException {
    for (Map.Entry<String, Berth> berth : berths.entrySet()) {
      HostPort address = berth.getValue().awaitReady();
      try {
        ways.put(
            berth.getKey(),
            RelayWays.to(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), address.port()),
                scenario.hopLatency()));
      } catch (IOException e) {
        throw new CommandException(
            ExitCode.CANNOT_LISTEN, "a proxy cannot listen: " + e.getMessage(), e);
      }
    }
  }

  Map<String, RelayWays> ways() {
    return Map.copyOf(ways);
  }

  /** Relays push to each other on one way, and the client comes by another. */
  ClientOptions clientOptions() {
    List<HostPort> peers = new ArrayList<>();
    Map<HostPort, HostPort> detours = new LinkedHashMap<>();
    for (RelayWays way : ways.values()) {
      peers.add(local(way.forPeers()));
      detours.put(local(way.forPeers()), local(way.forClient()));
    }
    return ClientOptions.of(peers).withDetours(detours);
  }

  private static HostPort local(InetSocketAddress address) {
    return new HostPort("127.0.0.1", address.getPort());
  }

  @Override
  public void kill(String relay) {
    berth(relay).kill();
  }

  @Override
  public void restart(String relay) throws Exception {
    berth(relay).restart();
  }

  @Override
  public void pause(String relay, Duration length) throws CommandException, InterruptedException {
    ProcessStage process = processes.get(relay);
    if (process == null) {
      throw new IllegalArgumentException("no relay is called " + relay);
    }
    pauses.pause(relay, process.pid(), length);
  }

  private Berth berth(String relay) {
    Berth berth = berths.get(relay);
    if (berth == null) {
      throw new IllegalArgumentException("no relay is called " + relay);
    }
    return berth;
  }

  @Override
  public void close() {
    pauses.close();
    processes.values().forEach(ProcessStage::resume);
    // All are told before any is waited for.
    berths.values().forEach(Berth::stop);
    berths.values().forEach(Berth::close);
    ways.values().forEach(RelayWays::close);
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It is running, and about to end.
    }
  }
}
