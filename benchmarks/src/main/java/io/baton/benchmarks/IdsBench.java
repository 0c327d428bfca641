package io.baton.benchmarks;

import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarReceiver;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.transport.lane.LaneKind;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/**
 * Sends small objects, each under an id of its own, through one relay to a reader of the same host,
 * and says how many a second there were and what is left on the heap. To be run with a small one.
 */
@Command(
    name = "IdsBench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Objects a second through one relay, each under a fresh id, and the live heap of relay,"
            + " sender and reader.")
public final class IdsBench implements Callable<Integer> {

  private static final long MIB = 1L << 20;

  @Option(names = "--ids", description = "How many.", showDefaultValue = Visibility.ALWAYS)
  private int ids = 1_000_000;

  @Option(
      names = "--every",
      description = "Ids between two lines.",
      showDefaultValue = Visibility.ALWAYS)
  private int every = 100_000;

  @Option(
      names = "--id-bytes",
      description = "Length of an id.",
      showDefaultValue = Visibility.ALWAYS)
  private int idBytes = 64;

  @Option(
      names = "--under-way",
      description = "Sent and not yet read.",
      showDefaultValue = Visibility.ALWAYS)
  private int underWay = 64;

  private final PrintStream out = System.out;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new IdsBench()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    try (Hosts hosts = Hosts.start(1, List.of(LaneKind.LOCAL), 64 * MIB)) {
      SidecarSender sender = hosts.client(0).sender(SenderConfig.alone("sender"));
      SidecarReceiver reader = hosts.client(0).receiver(ReceiverConfig.alone("readers"));
      CompletableFuture.allOf(sender.registered(), reader.registered()).join();
      Destination to = hosts.group("readers", 0);
      Semaphore room = new Semaphore(underWay);
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      out.printf("%12s %12s %16s%n", "ids", "ids/s", "live heap, MiB");
      long began = System.nanoTime();
      for (int number = 1; number <= ids; number++) {
        room.acquire();
        var _ =
            one(sender, reader, to, "%0" + idBytes + "d", number)
                .whenComplete(
                    (_, error) -> {
                      if (error != null) {
                        failure.compareAndSet(null, error);
                      }
                      room.release();
                    });
        Throwable wrong = failure.get();
        if (wrong != null) {
          throw new IllegalStateException("id " + number, wrong);
        }
        if (number % every == 0) {
          long nanos = System.nanoTime() - began;
          out.printf("%,12d %,12.0f %16.1f%n", number, every * 1e9 / nanos, liveMib());
          began = System.nanoTime();
        }
      }
      room.acquire(underWay);
    }
    return 0;
  }

  private static CompletableFuture<?> one(
      SidecarSender sender, SidecarReceiver reader, Destination to, String format, int number) {
    String id = format.formatted(number);
    CompletableFuture<?> sent =
        sender.sendObject(ChunkAddress.of(id, ChunkPosition.ONLY, to), number);
    CompletableFuture<Received> received = reader.receive(id, 0);
    return received
        .thenAccept(chunk -> ((ReceivedChunk) chunk).close())
        .runAfterBoth(sent, () -> {});
  }

  private static double liveMib() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / (double) MIB;
  }
}
