package io.baton.client.sidecar;

import io.baton.session.exchange.Failure;
import io.baton.transport.CopiedBytes;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.pinned.PoolMapping.Access;
import io.baton.transport.pinned.PoolMappings;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.pinned.StaleHandleException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;

/** What becomes of what the relay answers. To be used in the link's loop alone. */
final class Answers {

  private final Link link;
  private final Requests requests;
  private final PoolMappings pools;
  private final Copier copier;

  Answers(Link link, Requests requests, PoolMappings pools, Copier copier) {
    this.link = link;
    this.requests = requests;
    this.pools = pools;
    this.copier = copier;
  }

  void take(Connection on, Reply reply) {
    if (!link.isOn(on)) {
      return;
    }
    Request<?> request = requests.get(reply.request());
    if (request == null) {
      late(on, reply);
    } else if (!fits(request, reply)) {
      link.reconnect(
          "the relay answers %s with %s"
              .formatted(request.what(), reply.getClass().getSimpleName()));
    } else if (reply instanceof Reply.WritePart part && request instanceof Request.Joining join) {
      write(on, join, part);
    } else {
      requests.end(request);
      if (reply instanceof Reply.Failed(long _, Failure failure)) {
        refused(request, new SidecarException(failure));
      } else {
        answered(on, request, reply);
      }
      countAnswered(on, request);
    }
  }

  /** One less that may be answered with a chunk. */
  private static void countAnswered(Connection on, Request<?> request) {
    if (request.sent && request instanceof Request.Receiving receiving) {
      on.answered(receiving.chunk);
    }
  }

  private static boolean fits(Request<?> request, Reply reply) {
    return switch (reply) {
      case Reply.Failed _ -> true;
      case Reply.Registered _ -> request instanceof Request.Registering;
      case Reply.Allocated _ -> request instanceof Request.Allocating;
      case Reply.Sent _ ->
          request instanceof Request.Sending
              || request instanceof Request.Joining
              || request instanceof Request.Closing;
      case Reply.WritePart part ->
          request instanceof Request.Joining join && part.to() <= join.chunk.content().bytes();
      case Reply.Delivered _, Reply.End _ -> request instanceof Request.Receiving;
    };
  }

  /** Nobody waits for it any more: what the relay keeps for it is given back. */
  private void late(Connection on, Reply reply) {
    on.answeredLate(reply);
    if (reply instanceof Reply.Allocated(long _, SlotHandle slot)) {
      link.say(Frames.discard(slot));
    }
  }

  private static void refused(Request<?> request, SidecarException why) {
    if (request instanceof Request.Registering registering) {
      registering.registration.refused(why);
    }
    request.fail(why);
  }

  private void answered(Connection on, Request<?> request, Reply reply) {
    switch (request) {
      case Request.Registering registering -> registering.registration.accepted();
      case Request.Allocating<?> allocating -> allocated(on, allocating, (Reply.Allocated) reply);
      case Request.Sending sending -> sending.future.complete(null);
      case Request.Joining joining -> joining.future.complete(null);
      case Request.Closing closing -> closing.future.complete(null);
      case Request.Receiving receiving -> {
        if (reply instanceof Reply.Delivered delivered) {
          delivered(on, receiving, delivered);
        } else if (reply instanceof Reply.End(long _, int count)) {
          receiving.future.complete(new Received.EndOfStream(count));
        }
      }
    }
  }

  private void allocated(Connection on, Request.Allocating<?> request, Reply.Allocated allocated) {
    View view;
    try {
      view = new View(on.pool().another(), allocated.slot(), request.bytes());
    } catch (StaleHandleException e) {
      request.fail(new SidecarException(Failure.Reason.GONE, String.valueOf(e.getMessage()), e));
      return;
    }
    PoolMemory memory = new PoolMemory(link, request.registration, on, view);
    on.allocated(memory);
    if (!request.complete(memory)) {
      var _ = memory.tryClose("withdrawn");
      memory.discard();
    }
  }

  private void delivered(Connection on, Request.Receiving request, Reply.Delivered delivered) {
    on.delivered(request.chunk);
    ReceivedChunk chunk;
    try {
      chunk = new ReceivedChunk(link, on, request.chunk, delivered, bytes(on, delivered));
    } catch (PoolException | StaleHandleException | IllegalStateException e) {
      request.fail(
          new SidecarException(
              Failure.Reason.GONE,
              "%s is here, but cannot be looked at: %s".formatted(request.what(), e.getMessage()),
              e));
      return;
    }
    on.opened(chunk);
    if (!request.future.complete(chunk)) {
      chunk.release();
    }
  }

  private ReceivedChunk.Bytes bytes(Connection on, Reply.Delivered delivered)
      throws PoolException, StaleHandleException {
    return switch (delivered.body()) {
      case Reply.Body.Inline(var inline) -> new ReceivedChunk.Bytes.Inline(inline);
      case Reply.Body.Pooled(SlotHandle slot, var pool) -> {
        PoolMappings.Lease lease =
            pool.isPresent() && pool.get().id() != on.pool().mapping().id()
                ? pools.map(pool.get(), Access.READ)
                : on.pool().another();
        yield new ReceivedChunk.Bytes.Pooled(new View(lease, slot, delivered.content().bytes()));
      }
    };
  }

  private void write(Connection on, Request.Joining join, Reply.WritePart part) {
    long number = join.number;
    PoolMappings.Lease lease = on.pool().another();
    join.writing++;
    on.copying(join.registration);
    try {
      copier.copy(
          part.to() - part.from(),
          () -> {
            Optional<Exception> failure = copied(join.source, part, lease);
            lease.release();
            link.later(() -> written(on, join, number, part.part(), failure));
          });
    } catch (RejectedExecutionException e) {
      lease.release();
      written(on, join, number, part.part(), Optional.of(e));
    }
  }

  private static Optional<Exception> copied(
      MemorySegment source, Reply.WritePart part, PoolMappings.Lease lease) {
    try {
      MemorySegment chunk = lease.mapping().view(part.slot(), source.byteSize());
      CopiedBytes.add(part.to() - part.from());
      MemorySegment.copy(source, part.from(), chunk, part.from(), part.to() - part.from());
      return Optional.empty();
    } catch (StaleHandleException | RuntimeException e) {
      return Optional.of(e);
    }
  }

  private void written(
      Connection on, Request.Joining join, long number, int part, Optional<Exception> failure) {
    join.writing--;
    if (!link.isOn(on)) {
      return;
    }
    if (failure.isPresent() && !join.over) {
      link.fail(
          join,
          new SidecarException(
              Failure.Reason.UNAVAILABLE,
              "%s: part %d could not be written".formatted(join.what(), part),
              failure.get()));
    } else if (failure.isEmpty() && !join.over) {
      link.say(Frames.partWritten(number, part));
    } else if (join.writing == 0) {
      // Put off until now: nobody here writes any more.
      link.say(Frames.cancel(number));
    }
    on.copied(join.registration);
  }
}
