package io.baton.stages;

import com.github.tjake.jlama.util.PhysicalCoreExecutor;
import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is set once per process for Jlama, whatever the number of models in it.
 *
 * <p><b>Threads.</b> All models share one pool, whose size is final from the first computation.
 * Work is started inside the pool: Jlama hands each of its small parallel loops to it and waits,
 * and from a thread of another pool every one of these costs two wake-ups. A forward of one row
 * takes less than half the time this way.
 *
 * <p><b>Reproducible results.</b> The JVM's compiled code adds the lanes of a vector in another
 * order than its interpreted code. A row therefore gets other last bits when a kernel has become
 * hot than when the process was young, and two stages, or one stage before and after a restart,
 * disagree for no fault of theirs. {@link #FLAGS} make the JVM add in the one order always; then a
 * forward has the same bits whenever, on however many threads and in whatever grouping of rows it
 * is computed, on machines whose vectors are equally wide ({@code -XX:MaxVectorSize=32} makes them
 * so).
 */
public final class JlamaRuntime {

  /** Flags of the JVM that make results reproducible, bit for bit. */
  public static final String FLAGS =
      "-XX:+UnlockDiagnosticVMOptions -XX:DisableIntrinsic=_VectorReductionCoerced";

  private static final Logger logger = LoggerFactory.getLogger(JlamaRuntime.class);
  private static final String INTRINSIC = "_VectorReductionCoerced";
  private static final String VECTOR_MODULE = "jdk.incubator.vector";
  private static final String NATIVE_OPERATIONS =
      "com/github/tjake/jlama/tensor/operations/NativeSimdTensorOperations.class";

  private static final Object lock = new Object();
  private static int threads;
  private static boolean started;

  private JlamaRuntime() {}

  /**
   * Sets the number of threads that compute, for all models of this process.
   *
   * @throws IllegalArgumentException if there are not so many processors
   * @throws IllegalStateException if the number is already another
   */
  public static void threads(int count) {
    int processors = Runtime.getRuntime().availableProcessors();
    if (count < 1 || count > processors) {
      throw new IllegalArgumentException(
          "from 1 to %d threads can compute here, not %d".formatted(processors, count));
    }
    synchronized (lock) {
      if (threads == count) {
        return;
      }
      if (started) {
        throw new IllegalStateException(
            "already computing with %d threads; %d were asked for too late"
                .formatted(threads, count));
      }
      threads = count;
    }
  }

  /** The number of threads that compute; final once asked for. By default half the processors. */
  public static int threads() {
    start();
    synchronized (lock) {
      return threads;
    }
  }

  /** Whether this JVM runs with {@link #FLAGS}, so that results are reproducible. */
  public static boolean reproducible() {
    HotSpotDiagnosticMXBean jvm =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    if (jvm == null) {
      return false;
    }
    try {
      String disabled = jvm.getVMOption("DisableIntrinsic").getValue();
      return Arrays.asList(disabled.split("[,\\s]+")).contains(INTRINSIC);
    } catch (IllegalArgumentException e) {
      // The option does not exist unless diagnostic options are unlocked.
      return false;
    }
  }

  /**
   * Settles the number of threads, if it is open, so that all rows of such widths are computed.
   *
   * @return whether they are with the number that is settled
   */
  static boolean startFor(int... widths) {
    synchronized (lock) {
      if (!started && threads == 0) {
        int most = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        threads =
            IntStream.iterate(most, n -> n - 1)
                .filter(n -> covers(n, widths))
                .findFirst()
                .orElse(1);
      }
      start();
      return covers(threads, widths);
    }
  }

  /**
   * Whether Jlama, which cuts a row into equal parts for {@code threads} threads, computes what is
   * left over: it reckons the rest by the size of a part, and not by their number, and leaves out
   * the end of a narrow row where there are many threads.
   */
  static boolean covers(int threads, int... widths) {
    for (int width : widths) {
      int parts = Math.min(width, threads);
      int part = width / parts;
      if (parts > 1 && parts * part + width % part != width) {
        return false;
      }
    }
    return true;
  }

  /** Runs {@code work} on a thread of Jlama's pool and waits for it. */
  static <T> T compute(Supplier<T> work) {
    start();
    return PhysicalCoreExecutor.instance.get().submit(work);
  }

  /**
   * Settles the number of threads.
   *
   * @throws IllegalStateException if the JVM lacks what Jlama computes with
   */
  static void start() {
    synchronized (lock) {
      if (started) {
        return;
      }
      if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
        throw new IllegalStateException(
            "Jlama needs the vector module: start the JVM with --add-modules " + VECTOR_MODULE);
      }
      quieten();
      settleThreads();
      started = true;
      if (!reproducible()) {
        logger.warn(
            "Results may differ in their last bits from those of another process;"
                + " start the JVM with {} to prevent that",
            FLAGS);
      }
    }
  }

  private static void settleThreads() {
    if (threads == 0) {
      threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }
    try {
      PhysicalCoreExecutor.overrideThreadCount(threads);
    } catch (IllegalStateException e) {
      // The application runs Jlama for itself, too, and has set the number already.
      threads = PhysicalCoreExecutor.instance.get().getCoreCount();
      logger.warn("Jlama was started elsewhere and computes with {} threads", threads);
    }
  }

  /** Keeps Jlama from looking for native operations, and warning, where there are none. */
  private static void quieten() {
    String property = "jlama.force_panama_tensor_operations";
    ClassLoader loader = JlamaRuntime.class.getClassLoader();
    if (System.getProperty(property) == null
        && loader != null
        && loader.getResource(NATIVE_OPERATIONS) == null) {
      System.setProperty(property, "true");
    }
  }
}
