package io.baton.benchmarks;

import io.baton.benchmarks.node.NodeKind;
import io.baton.benchmarks.node.Settings;
import io.baton.benchmarks.node.Workload;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Sends small objects, each under an id of its own, through one relay to a reader, all in one
 * process with a small heap, and tells after every so many how fast they went and what is live.
 *
 * @param ids in all
 * @param every ids between two figures
 * @param idBytes of each id
 * @param inFlight sent and not yet read
 * @param heap as in {@code -Xmx}
 * @param poolBytes of the relay's pool
 */
public record IdsRun(int ids, int every, int idBytes, int inFlight, long heap, long poolBytes) {

  private static final Duration LONGEST = Duration.ofHours(1);

  /**
   * What was seen of some of them.
   *
   * @param ids so far
   * @param perSecond of the last ones
   * @param liveHeapBytes after a collection
   */
  public record Figures(long ids, double perSecond, long liveHeapBytes) {}

  public void run(Processes processes, Consumer<Figures> consumer)
      throws BenchException, InterruptedException {
    Child child =
        processes.start(
            Settings.of(NodeKind.IDS)
                .with("socket", processes.socket())
                .with("id-bytes", idBytes)
                .with("pool", poolBytes),
            Long.toString(heap),
            Map.of());
    child.begin(new Workload(1 << 10, inFlight, false));
    for (int sent = 0; sent < ids; ) {
      int some = Math.min(every, ids - sent);
      long[] done = child.send(LONGEST, some);
      sent += some;
      consumer.accept(
          new Figures(sent, some * 1e9 / (done[2] - done[1]), Long.parseLong(child.ask("report"))));
    }
  }
}
