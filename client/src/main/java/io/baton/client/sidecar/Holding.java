package io.baton.client.sidecar;

import java.util.HashSet;
import java.util.Set;

/**
 * What a receiver has of one chunk. The relay knows one hold for each receiver and chunk, however
 * often the chunk was received, and takes the memory back with the one word that it is done; so
 * that word waits for the last one who has the chunk open and for requests that may yet be answered
 * with it.
 */
final class Holding {

  private final Set<ReceivedChunk> open = new HashSet<>();
  private int requests;
  private boolean held;
  private boolean done;

  void requested() {
    requests++;
  }

  void answered() {
    requests--;
  }

  /** The relay has sent the chunk, whether anybody wants it or not. */
  void delivered() {
    held = true;
  }

  void opened(ReceivedChunk chunk) {
    open.add(chunk);
  }

  /** False if it was not open. */
  boolean closed(ReceivedChunk chunk) {
    return open.remove(chunk);
  }

  void markDone() {
    done = true;
  }

  Set<ReceivedChunk> open() {
    return Set.copyOf(open);
  }

  /** Whether nothing of it can be seen or may come. */
  boolean isUnused() {
    return open.isEmpty() && requests == 0;
  }

  /** Whether the relay keeps it for this receiver. */
  boolean isHeld() {
    return held;
  }

  /** Whether somebody has said that it is done. */
  boolean isDone() {
    return done;
  }
}
