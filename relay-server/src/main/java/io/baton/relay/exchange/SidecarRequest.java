package io.baton.relay.exchange;

import com.google.protobuf.ByteString;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Destination;
import io.baton.transport.pinned.SlotHandle;
import java.util.List;
import java.util.SortedSet;

/**
 * What a process of this host asks of its relay, well formed. Requests and registrations have
 * numbers that the process gave them; deadlines are in {@link System#nanoTime}'s time.
 */
sealed interface SidecarRequest {

  /** A member of a group that sends. */
  record Sender(
      String group, int rank, boolean sharded, long slotBytes, SortedSet<Integer> members) {}

  record RegisterSender(long request, long registration, Sender sender) implements SidecarRequest {}

  record RegisterReader(long request, long registration, String group, int rank)
      implements SidecarRequest {}

  record Unregister(long registration) implements SidecarRequest {}

  /**
   * Memory for a chunk.
   *
   * @param holder those for whom, as figures name them
   */
  record Allocate(long request, long registration, long bytes, String holder, long deadline)
      implements SidecarRequest {}

  record Discard(SlotHandle slot) implements SidecarRequest {}

  record SendSlot(
      long request, long registration, ChunkHeader chunk, SlotHandle slot, long deadline)
      implements SidecarRequest {}

  record SendInline(
      long request, long registration, ChunkHeader chunk, ByteString bytes, long deadline)
      implements SidecarRequest {}

  record Join(long request, long registration, ChunkHeader chunk, long deadline)
      implements SidecarRequest {}

  record Written(long request, int part) implements SidecarRequest {}

  record CloseStream(
      long request,
      long registration,
      String dataId,
      int count,
      List<Destination> destinations,
      long deadline)
      implements SidecarRequest {}

  record Receive(long request, long registration, String dataId, int index, long deadline)
      implements SidecarRequest {}

  record Cancel(long request) implements SidecarRequest {}

  record MarkDone(long registration, String dataId, int index) implements SidecarRequest {}

  record LetGo(long registration, String dataId, int index) implements SidecarRequest {}
}
