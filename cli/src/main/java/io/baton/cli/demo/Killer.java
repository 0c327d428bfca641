package io.baton.cli.demo;

import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionException;
import io.baton.session.model.RelayId;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Runs steps, and kills relays while they are under way. A stage that is to die more than once at
 * one token dies again as soon as another relay has taken its place, in the middle of the replay.
 */
final class Killer {

  private final Fleet fleet;
  private final int layersOfStage;
  private final ChainRun.Audience audience;

  /** Kills that are to come. */
  private final List<Kill> pending;

  /** Kills that no token of a whole chain has come after. */
  private final List<Victim> victims = new ArrayList<>();

  private final List<Failover> failovers = new ArrayList<>();
  private final Set<RelayId> killed = new HashSet<>();
  private volatile CompletableFuture<@Nullable Void> rerouted = new CompletableFuture<>();
  private int steps;

  private record Victim(Kill kill, RelayId relay, long atNanos) {
    Failover overAt(long nanos) {
      return new Failover(kill, relay.name(), nanos - atNanos);
    }
  }

  Killer(Fleet fleet, int layersOfStage, List<Kill> kills, ChainRun.Audience audience) {
    this.fleet = fleet;
    this.layersOfStage = layersOfStage;
    this.pending = new ArrayList<>(kills);
    this.audience = audience;
  }

  /** The session has another route. */
  void routed() {
    rerouted.complete(null);
  }

  Tensor step(InferenceSession session, int position, Tensor activations)
      throws SessionException, InterruptedException {
    int generated = steps++;
    CompletableFuture<Tensor> result =
        session.stepAsync(position, activations, Collections.emptySortedMap());
    CompletableFuture<@Nullable Void> next;
    do {
      next = new CompletableFuture<>();
      rerouted = next;
      killDue(session, generated);
    } while (isDue(generated) && comesBefore(next, result));
    Tensor output = await(result);
    settle(session);
    return output;
  }

  private boolean isDue(int generated) {
    return pending.stream().anyMatch(kill -> kill.token() <= generated);
  }

  private void killDue(InferenceSession session, int generated) {
    for (Kill kill : List.copyOf(pending)) {
      if (kill.token() <= generated) {
        relayOf(session, kill).ifPresent(relay -> kill(kill, relay));
      }
    }
  }

  private void kill(Kill kill, RelayId relay) {
    // One that is dead already has not been missed yet; it is its successor's turn.
    if (killed.add(relay)) {
      pending.remove(kill);
      audience.killed(kill, relay.name());
      victims.add(new Victim(kill, relay, System.nanoTime()));
      fleet.kill(relay.name());
    }
  }

  private static boolean comesBefore(CompletableFuture<?> next, CompletableFuture<Tensor> result)
      throws InterruptedException {
    try {
      CompletableFuture.anyOf(next, result).get();
    } catch (ExecutionException e) {
      return false;
    }
    return !result.isDone();
  }

  private static Tensor await(CompletableFuture<Tensor> result)
      throws SessionException, InterruptedException {
    try {
      return result.get();
    } catch (ExecutionException e) {
      throw sessionException(e);
    }
  }

  /** A stage may be killed when it has done its part of the step: then the next one misses it. */
  private void settle(InferenceSession session) {
    long now = System.nanoTime();
    victims.removeIf(
        victim -> {
          Optional<RelayId> successor = relayOf(session, victim.kill());
          boolean replaced = successor.isPresent() && !killed.contains(successor.get());
          if (replaced) {
            failovers.add(victim.overAt(now));
          }
          return replaced;
        });
  }

  /** Empty while the session has none for that stage. */
  private Optional<RelayId> relayOf(InferenceSession session, Kill kill) {
    int firstLayer = (kill.stage() - 1) * layersOfStage;
    return session.route().stream()
        .filter(hop -> hop.stage().span().first() == firstLayer)
        .findFirst()
        .map(Candidate::relay);
  }

  /** What happened, in order; the last may have come too late for any token to follow. */
  List<Failover> failovers() {
    List<Failover> all = new ArrayList<>(failovers);
    long now = System.nanoTime();
    victims.forEach(victim -> all.add(victim.overAt(now)));
    return all;
  }

  List<Kill> neverKilled() {
    return List.copyOf(pending);
  }

  static SessionException sessionException(ExecutionException e) {
    if (e.getCause() instanceof SessionException cause) {
      return cause;
    }
    throw new IllegalStateException("a step ended unexpectedly", e.getCause());
  }
}
