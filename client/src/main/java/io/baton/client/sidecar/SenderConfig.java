package io.baton.client.sidecar;

import io.baton.session.exchange.Name;
import io.baton.session.model.TensorSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Who sends, and what.
 *
 * @param members the ranks of the group's members; whoever sends alone is a group of one
 * @param row one row of the tensors that it sends; empty to send any
 * @param slotBytes how many bytes its chunks mostly have, which spares the pool odd pieces; 0 if
 *     that is not known
 * @param timeout of requests that name none
 */
public record SenderConfig(
    String group,
    int rank,
    List<Integer> members,
    CopyMode copy,
    Optional<TensorSpec> row,
    long slotBytes,
    Duration timeout) {

  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

  /** The most members that a group has. */
  public static final int MAX_MEMBERS = 1024;

  /**
   * @throws IllegalArgumentException if the group has no proper name, if the rank is not one of the
   *     members', if a rank is negative or stands twice, or if the row is not one row, the size
   *     negative or the timeout not positive
   */
  public SenderConfig {
    Name.checked("the group's name", group);
    members = members.stream().sorted().toList();
    if (members.size() > MAX_MEMBERS
        || members.stream().distinct().count() < members.size()
        || members.stream().anyMatch(member -> member < 0)
        || !members.contains(rank)) {
      throw new IllegalArgumentException(
          "rank %d of a group of members %s".formatted(rank, members));
    }
    if (row.isPresent() && (row.get().shape().isEmpty() || row.get().rows() != 1)) {
      throw new IllegalArgumentException("%s is not one row".formatted(row.get()));
    }
    if (slotBytes < 0) {
      throw new IllegalArgumentException("slots of %d bytes".formatted(slotBytes));
    }
    if (!timeout.isPositive()) {
      throw new IllegalArgumentException("a timeout of " + timeout);
    }
  }

  /** One that sends alone. */
  public static SenderConfig alone(String name) {
    return inGroup(name, 0, 1);
  }

  /** The member of that rank in a group of so many, of whom the lowest copies. */
  public static SenderConfig inGroup(String group, int rank, int members) {
    return new SenderConfig(
        group,
        rank,
        IntStream.range(0, members).boxed().toList(),
        CopyMode.LOWEST,
        Optional.empty(),
        0,
        DEFAULT_TIMEOUT);
  }

  public SenderConfig withCopy(CopyMode other) {
    return new SenderConfig(group, rank, members, other, row, slotBytes, timeout);
  }

  /** For tensors of any number of such rows. */
  public SenderConfig withRow(TensorSpec other) {
    return withRow(Optional.of(other));
  }

  SenderConfig withRow(Optional<TensorSpec> other) {
    return new SenderConfig(group, rank, members, copy, other, slotBytes, timeout);
  }

  public SenderConfig withSlotBytes(long other) {
    return new SenderConfig(group, rank, members, copy, row, other, timeout);
  }

  public SenderConfig withTimeout(Duration other) {
    return new SenderConfig(group, rank, members, copy, row, slotBytes, other);
  }

  /**
   * @throws IllegalArgumentException if it does not send such tensors
   */
  void check(TensorSpec tensor) {
    if (row.isPresent()
        && (tensor.shape().isEmpty() || !row.get().withRows(tensor.rows()).equals(tensor))) {
      throw new IllegalArgumentException(
          "a tensor of %s; this sender sends rows of %s".formatted(tensor, row.get()));
    }
  }
}
