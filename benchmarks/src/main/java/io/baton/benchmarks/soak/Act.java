package io.baton.benchmarks.soak;

import java.util.random.RandomGenerator;

/** What a worker does at a time, from nothing in the pools to nothing in the pools. */
enum Act {
  /** One tensor, written in place or copied, to one reader, who may ask first. */
  TENSOR(12),
  /** Objects, small ones in messages and large ones through the pool. */
  OBJECT(5),
  /** One tensor to three groups on both hosts. */
  BROADCAST(3),
  /** A stream whose chunks come in any order, and its end at any time. */
  STREAM(3),
  /** Several readers of one member, done one after the other. */
  READERS(3),
  /** Chunks marked done in odd orders, twice, early, and such as do not exist. */
  ODD_MARKS(3),
  /** A reader's process leaves without a word, and another comes in its place. */
  READER_LEAVES(2),
  /** What is asked for never comes, or is withdrawn. */
  WITHDRAWN(3),
  /** Two members of a group send one tensor together. */
  TOGETHER(2),
  /** Sends until there is no room until a deadline. */
  FULL_POOL(1);

  private static final int ALL = sum();

  private final int weight;

  Act(int weight) {
    this.weight = weight;
  }

  private static int sum() {
    int sum = 0;
    for (Act act : values()) {
      sum += act.weight;
    }
    return sum;
  }

  /** One by its weight, from any number. */
  static Act pick(RandomGenerator random) {
    int left = random.nextInt(ALL);
    for (Act act : values()) {
      left -= act.weight;
      if (left < 0) {
        return act;
      }
    }
    throw new AssertionError("weights");
  }
}
