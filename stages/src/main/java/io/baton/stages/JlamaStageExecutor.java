package io.baton.stages;

import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import io.baton.client.stage.StageException;
import io.baton.client.stage.StageExecutor;
import io.baton.session.model.DType;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.BooleanSupplier;

/**
 * Runs an equal share of a model's layers with Jlama.
 *
 * <p>Activations are f32 [n, hidden], little-endian. Each session has its own keys and values, in
 * direct memory that grows with its length and is reused by later sessions; nothing is written to
 * disk. They are indexed by position, so that a rollback only sets a length.
 *
 * <p>Where {@link JlamaRuntime#reproducible results are reproducible}, n rows in one call have the
 * same bits as in n calls. Safe for use by several threads, one call at a time.
 */
public final class JlamaStageExecutor implements StageExecutor, AutoCloseable {

  /**
   * The most rows that run through the layers at once. Jlama keeps the scratch space of every
   * number of rows that it has seen; a step is cut into powers of two up to this one, so that there
   * are few such numbers.
   */
  private static final int MAX_BLOCK = 64;

  /** Rows of the steps that warm up, first to last: those of a prompt, and single tokens. */
  private static final int[] WARMING = {16, 1, 1, 1, 1, 1, 1, 1, 1};

  private final StageInfo info;
  private final int maxSessions;
  private final LoadedModel model;
  private final Warmth warmth;
  private final KvBufferCache buffers;
  private final Map<SessionId, Held> sessions = new HashMap<>();
  private boolean closed;

  /** What a session holds here; confined to the executor's lock. */
  private static final class Held {
    private final KvBufferCache.KvBuffer keysAndValues;
    private final int maxLength;
    private int length;

    Held(KvBufferCache.KvBuffer keysAndValues, int maxLength) {
      this.keysAndValues = keysAndValues;
      this.maxLength = maxLength;
    }
  }

  private JlamaStageExecutor(StageInfo info, int maxSessions, LoadedModel model, Warmth warmth) {
    this.info = info;
    this.maxSessions = maxSessions;
    this.model = model;
    this.warmth = warmth;
    this.buffers = new KvBufferCache(model.jlama());
  }

  /**
   * Loads stage {@code stage} (from 1) of {@code stages} equal ones.
   *
   * @param maxSessions the most sessions that may be open at once
   * @throws IllegalArgumentException if there is no such stage, or no room for a session
   * @throws ModelException if the model does not divide into so many stages, or cannot be loaded
   * @throws IllegalStateException if the JVM lacks the vector module
   */
  public static JlamaStageExecutor load(
      ModelDirectory directory, int stage, int stages, int maxSessions) throws ModelException {
    return load(directory, stage, stages, maxSessions, Warmth.SHARED);
  }

  static JlamaStageExecutor load(
      ModelDirectory directory, int stage, int stages, int maxSessions, Warmth warmth)
      throws ModelException {
    if (stage < 1 || stage > stages) {
      throw new IllegalArgumentException("no stage %d of %d".formatted(stage, stages));
    }
    if (maxSessions < 1) {
      throw new IllegalArgumentException("no room for a session: " + maxSessions);
    }
    if (stages > 1 && !directory.splits()) {
      throw new ModelException(
          directory.path(), "Jlama cannot divide a model of this type into stages");
    }
    if (directory.layers() % stages != 0) {
      throw new ModelException(
          directory.path(),
          "its %d layers do not divide into %d equal stages".formatted(directory.layers(), stages));
    }
    return new JlamaStageExecutor(
        infoOf(directory, stage, stages),
        maxSessions,
        LoadedModel.layers(directory, stage - 1, stages),
        warmth);
  }

  private static StageInfo infoOf(ModelDirectory directory, int stage, int stages) {
    int share = directory.layers() / stages;
    TensorSpec row = TensorSpec.of(DType.F32, 1, directory.hiddenSize());
    return new StageInfo(
        directory.modelId(),
        directory.layers(),
        new LayerSpan((stage - 1) * share, stage * share),
        row,
        row,
        directory.maxLength(),
        Set.of());
  }

  @Override
  public StageInfo info() {
    return info;
  }

  @Override
  public synchronized void open(SessionId session, int maxLength) throws StageException {
    if (closed) {
      throw new StageException("the stage is closed");
    }
    if (sessions.containsKey(session)) {
      throw new StageException("session %s is already open".formatted(session));
    }
    if (maxLength < 1 || maxLength > info.maxLength()) {
      throw new StageException(
          "a session holds from 1 to %d tokens here, not %d"
              .formatted(info.maxLength(), maxLength));
    }
    if (sessions.size() >= maxSessions) {
      throw new StageException("no room: %d sessions are open".formatted(sessions.size()));
    }
    sessions.put(session, new Held(buffers.getEphemeralKvBuffer(), maxLength));
  }

  @Override
  public Tensor forward(
      SessionId session, int position, Tensor activations, SortedMap<String, Tensor> sideInputs)
      throws StageException {
    return forward(session, position, activations, sideInputs, _ -> {});
  }

  /** Says how far it has come after each layer of each block of rows. */
  @Override
  public synchronized Tensor forward(
      SessionId session,
      int position,
      Tensor activations,
      SortedMap<String, Tensor> sideInputs,
      Progress progress)
      throws StageException {
    Held held = held(session);
    if (!sideInputs.isEmpty()) {
      throw new StageException("unknown side inputs " + sideInputs.keySet());
    }
    check(session, held, position, activations.spec());
    int rows = activations.spec().rows();
    ByteBuffer output = ByteBuffer.allocate(Math.toIntExact(activations.spec().bytes()));
    try {
      for (int done = 0; done < rows; ) {
        int block = Math.min(MAX_BLOCK, Integer.highestOneBit(rows - done));
        Tensor input = activations.rows(done, block);
        Pace pace = new Pace(done, block, info.span().layers(), progress);
        JlamaTensors.moveOut(run(held.keysAndValues, position + done, input, pace), output);
        done += block;
      }
    } catch (RuntimeException | OutOfMemoryError e) {
      // Keys and values lie outside the heap: where they find no room, the process is well.
      throw new StageException(
          "%s cannot compute %s at position %d: %s"
              .formatted(info.span(), activations.spec(), position, e),
          e);
    }
    held.length = position + rows;
    return Tensor.wrap(activations.spec(), output.flip());
  }

  /**
   * Jlama tells this twice a layer of what it has summed up, so that shares of one layer could be
   * put together: after attention, and after the part behind it. Nothing is changed.
   */
  private static final class Pace implements Runnable {

    private static final int SUMS_A_LAYER = 2;

    private final long before;
    private final int rows;
    private final int layers;
    private final Progress progress;
    private int sums;

    Pace(int rowsBefore, int rows, int layers, Progress progress) {
      this.before = (long) rowsBefore * layers;
      this.rows = rows;
      this.layers = layers;
      this.progress = progress;
    }

    @Override
    public void run() {
      sums++;
      progress.computed(before + (long) rows * Math.min(layers, sums / SUMS_A_LAYER));
    }
  }

  @SuppressWarnings("rawtypes") // Jlama's signature
  private AbstractTensor<?, ?> run(
      KvBufferCache.KvBuffer keysAndValues, int position, Tensor rows, Runnable pace) {
    AbstractTensor<?, ?> output =
        JlamaRuntime.compute(
            () ->
                model
                    .jlama()
                    .forward(
                        JlamaTensors.copyIn(model.jlama(), rows),
                        position,
                        keysAndValues,
                        Optional.of(_ -> pace.run())));
    warmth.computed();
    return output;
  }

  /**
   * Computes what nobody asked for, until all models of this process have together computed so much
   * that more would not help, or so long that it does not pay. Comes back within half a layer. Its
   * keys and values go to later sessions.
   */
  @Override
  public synchronized boolean warmUp(BooleanSupplier awaited) throws StageException {
    long start = System.nanoTime();
    long longest = closed ? 0 : warmth.leftNanos();
    if (longest == 0) {
      return false;
    }
    BooleanSupplier over = () -> awaited.getAsBoolean() || System.nanoTime() - start > longest;
    try (KvBufferCache.KvBuffer scratch = buffers.getEphemeralKvBuffer()) {
      int position = 0;
      for (int rows : WARMING) {
        if (position + rows <= info.maxLength() && !over.getAsBoolean()) {
          run(scratch, position, ofNoMeaning(rows), () -> stopIf(over)).close();
          position += rows;
        }
      }
    } catch (Stopped e) {
      // What was computed by then has done its part.
    } catch (RuntimeException | OutOfMemoryError e) {
      throw new StageException("%s cannot warm up: %s".formatted(info.span(), e), e);
    } finally {
      warmth.spent(System.nanoTime() - start);
    }
    return warmth.leftNanos() > 0;
  }

  private Tensor ofNoMeaning(int rows) {
    int width = info.inputRow().shape().getLast();
    float[] values = new float[rows * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 7 - 3;
    }
    return Tensor.ofFloats(values, rows, width);
  }

  private static void stopIf(BooleanSupplier over) {
    if (over.getAsBoolean()) {
      throw new Stopped();
    }
  }

  /** The only way out of Jlama's loop over the layers. */
  private static final class Stopped extends RuntimeException {

    private static final long serialVersionUID = 1;

    Stopped() {
      super(null, null, false, false);
    }
  }

  private void check(SessionId session, Held held, int position, TensorSpec spec)
      throws StageException {
    if (position != held.length) {
      throw new StageException(
          "session %s holds %d tokens; a step at position %d does not follow"
              .formatted(session, held.length, position));
    }
    if (spec.shape().isEmpty() || spec.rows() < 1 || !spec.withRows(1).equals(info.inputRow())) {
      throw new StageException(
          "the input must be one or more rows of %s, not %s".formatted(info.inputRow(), spec));
    }
    if (spec.rows() > held.maxLength - position) {
      throw new StageException(
          "session %s has room for %d tokens; %d at position %d are too many"
              .formatted(session, held.maxLength, spec.rows(), position));
    }
  }

  @Override
  public synchronized void rollback(SessionId session, int length) throws StageException {
    if (length < 0) {
      throw new StageException("no rollback to length " + length);
    }
    Held held = held(session);
    held.length = Math.min(held.length, length);
  }

  @Override
  public synchronized void close(SessionId session) {
    Held held = sessions.remove(session);
    if (held != null) {
      held.keysAndValues.close();
    }
  }

  /** Closes all sessions and the model's files; a no-op the second time. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    sessions.values().forEach(held -> held.keysAndValues.close());
    sessions.clear();
    model.close();
  }

  private Held held(SessionId session) throws StageException {
    Held held = sessions.get(session);
    if (held == null) {
      throw new StageException("session %s is not open".formatted(session));
    }
    return held;
  }
}
