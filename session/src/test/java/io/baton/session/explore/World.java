package io.baton.session.explore;

import io.baton.session.explore.Scenario.Fault;
import java.util.Arrays;
import java.util.List;

/**
 * One client, its relays with their executors, and all that is under way between them, each part by
 * its number in an {@link Interner}. Arrays are never written to once they are in a world.
 */
final class World {

  static final int NONE = -1;

  long now;
  int route;
  Relay[] relays;

  /** Pushes under way; sorted unless they keep their order. */
  int[] parcels = {};

  int submitted;
  int accepted;
  boolean failed;
  boolean discovering;

  /** A fault has happened from which a stage may have to compute again what it had. */
  boolean mayRecompute;

  /** The relays that have pushed other bytes than they answered, one bit each. */
  int liars;

  private static final List<Fault> FAULTS = List.of(Fault.values());

  private int[] budget = new int[FAULTS.size()];

  World(int relayCount) {
    relays = new Relay[relayCount];
    for (int i = 0; i < relayCount; i++) {
      relays[i] = new Relay();
    }
  }

  private World(World other) {
    now = other.now;
    route = other.route;
    relays = other.relays.clone();
    parcels = other.parcels;
    submitted = other.submitted;
    accepted = other.accepted;
    failed = other.failed;
    discovering = other.discovering;
    mayRecompute = other.mayRecompute;
    liars = other.liars;
    budget = other.budget.clone();
  }

  World copy() {
    World copy = new World(this);
    for (int i = 0; i < relays.length; i++) {
      copy.relays[i] = new Relay(relays[i]);
    }
    return copy;
  }

  /** How often a fault may still happen. */
  int left(Fault fault) {
    return budget[FAULTS.indexOf(fault)];
  }

  void allow(Fault fault, int times) {
    budget[FAULTS.indexOf(fault)] = times;
  }

  boolean isWaiting() {
    return submitted > accepted && !failed;
  }

  /** A relay, its executor, and the connection to the client. */
  static final class Relay {
    boolean up = true;
    boolean draining;
    int incarnation = 1;

    /** The session here; {@link #NONE} before it is opened. */
    int session = NONE;

    /** The rows that the executor has absorbed. */
    int rows = NONE;

    /** The computation that the executor works on. */
    int computing = NONE;

    /** All that the executor has computed for this incarnation. */
    int computed = NONE;

    /** The steps that the session has answered, in fault-free worlds. */
    int answered = NONE;

    boolean connected;
    int[] fromClient = {};
    int[] toClient = {};

    Relay() {}

    private Relay(Relay other) {
      up = other.up;
      draining = other.draining;
      incarnation = other.incarnation;
      session = other.session;
      rows = other.rows;
      computing = other.computing;
      computed = other.computed;
      answered = other.answered;
      connected = other.connected;
      fromClient = other.fromClient;
      toClient = other.toClient;
    }
  }

  /** All of it as integers: two worlds are the same if these are. */
  Key key() {
    int size = 8 + parcels.length + budget.length;
    for (Relay relay : relays) {
      size += 9 + relay.fromClient.length + relay.toClient.length;
    }
    int[] all = new int[size];
    int at = 0;
    all[at++] = Long.hashCode(now);
    all[at++] = (int) (now / 1_000_000L);
    all[at++] = route;
    all[at++] = submitted * 64 + accepted;
    all[at++] = (failed ? 1 : 0) + (discovering ? 2 : 0) + (mayRecompute ? 4 : 0);
    all[at++] = liars;
    all[at++] = parcels.length;
    at = put(all, at, parcels);
    at = put(all, at, budget);
    for (Relay relay : relays) {
      all[at++] =
          relay.incarnation * 8
              + (relay.up ? 1 : 0)
              + (relay.connected ? 2 : 0)
              + (relay.draining ? 4 : 0);
      all[at++] = relay.session;
      all[at++] = relay.rows;
      all[at++] = relay.computing;
      all[at++] = relay.computed;
      all[at++] = relay.answered;
      all[at++] = relay.fromClient.length;
      at = put(all, at, relay.fromClient);
      all[at++] = relay.toClient.length;
      at = put(all, at, relay.toClient);
    }
    return new Key(Arrays.copyOf(all, at));
  }

  private static int put(int[] all, int at, int[] part) {
    System.arraycopy(part, 0, all, at, part.length);
    return at + part.length;
  }

  static int[] append(int[] queue, int number) {
    int[] longer = Arrays.copyOf(queue, queue.length + 1);
    longer[queue.length] = number;
    return longer;
  }

  static int[] without(int[] queue, int index) {
    int[] shorter = new int[queue.length - 1];
    System.arraycopy(queue, 0, shorter, 0, index);
    System.arraycopy(queue, index + 1, shorter, index, shorter.length - index);
    return shorter;
  }

  static int[] swapFirst(int[] queue) {
    int[] swapped = queue.clone();
    swapped[0] = queue[1];
    swapped[1] = queue[0];
    return swapped;
  }

  static final class Key {
    private final int[] all;
    private final int hash;

    private Key(int[] all) {
      this.all = all;
      this.hash = Arrays.hashCode(all);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key that && Arrays.equals(all, that.all);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}
