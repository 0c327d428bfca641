package io.baton.benchmarks;

/** From where to where messages go. */
public enum BenchKind {
  /** From a stage's executor to the next one's, over their relays. */
  HOP,
  /** From a process that sends to one that receives, over one relay or two. */
  SIDECAR,
  /** From the pool of one relay to that of another. */
  RELAYS,
  /** From the heap of one relay to that of another, as outputs of stages go. */
  PUSHES
}
