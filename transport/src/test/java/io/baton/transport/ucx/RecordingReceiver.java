package io.baton.transport.ucx;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongFunction;

/** Keeps what arrives. Headers hold one number. */
final class RecordingReceiver implements UcxReceiver {

  /** A message in its landing, in the order of arrival. */
  record Received(long number, MemorySegment body) {}

  private final LongFunction<MemorySegment> memory;
  final List<Received> received = new CopyOnWriteArrayList<>();
  final List<Long> announced = new CopyOnWriteArrayList<>();
  final List<UcxFailure> failures = new CopyOnWriteArrayList<>();

  RecordingReceiver() {
    this(bytes -> Arena.ofAuto().allocate(Math.max(1, bytes)).asSlice(0, bytes));
  }

  RecordingReceiver(LongFunction<MemorySegment> memory) {
    this.memory = memory;
  }

  @Override
  public Landing onMessage(ByteBuffer header, long bodyBytes) {
    long number = header.getLong();
    announced.add(number);
    MemorySegment at = Objects.requireNonNull(memory.apply(bodyBytes));
    return new Landing.Into(
        at,
        new Completion() {
          @Override
          public void succeeded() {
            received.add(new Received(number, at));
          }

          @Override
          public void failed(UcxFailure failure) {
            failures.add(failure);
          }
        });
  }
}
