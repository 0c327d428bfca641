package io.baton.client.sidecar;

import io.baton.transport.Budget;
import io.baton.transport.Deadlines;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What is under way, by number and within bounds. Only in the link's loop, but for the bound. */
final class Requests {

  private final Deadlines deadlines;
  private final Consumer<Request<?>> onExpiry;
  private final Budget room;
  private final AtomicLong numbers = new AtomicLong();
  private final Map<Long, Request<?>> byNumber = new LinkedHashMap<>();

  /**
   * @param deadlines of the loop
   * @param onExpiry called in the loop when a request has been watched for long enough
   */
  Requests(int most, Deadlines deadlines, Consumer<Request<?>> onExpiry) {
    this.deadlines = deadlines;
    this.onExpiry = onExpiry;
    this.room = new Budget(most);
  }

  /** Makes room for one more, or answers false. Any thread may ask. */
  boolean tryTakeRoom() {
    return room.tryTake(1);
  }

  /** A number that was never given before. Any thread may ask. */
  long nextNumber() {
    return numbers.incrementAndGet();
  }

  void add(Request<?> request) {
    number(request);
    watch(request, request.deadlineNanos);
  }

  /** Gives it a new number. */
  void number(Request<?> request) {
    byNumber.remove(request.number, request);
    request.number = nextNumber();
    byNumber.put(request.number, request);
  }

  void watch(Request<?> request, long untilNanos) {
    request.guard = deadlines.at(untilNanos, () -> onExpiry.accept(request));
  }

  @Nullable Request<?> get(long number) {
    return byNumber.get(number);
  }

  /** In the order in which they got their numbers; a copy. */
  Collection<Request<?>> all() {
    return List.copyOf(byNumber.values());
  }

  /** Whether somebody takes that place at the relay just now. */
  boolean registers(Registration registration) {
    return byNumber.values().stream()
        .anyMatch(
            request ->
                request instanceof Request.Registering && request.registration == registration);
  }

  /** Idempotent. */
  void end(Request<?> request) {
    if (request.over) {
      return;
    }
    request.over = true;
    byNumber.remove(request.number, request);
    if (request.guard != null) {
      deadlines.cancel(request.guard);
    }
    // Places are not counted: they are asked for by the client itself, too.
    if (!(request instanceof Request.Registering)) {
      room.giveBack(1);
    }
  }
}
