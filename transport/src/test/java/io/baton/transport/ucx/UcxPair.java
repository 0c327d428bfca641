package io.baton.transport.ucx;

import static org.awaitility.Awaitility.await;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Two engines, of which one is connected to the other. */
final class UcxPair implements AutoCloseable {

  static final UcxPair NONE = new UcxPair();

  private final RecordingReceiver receiverHere = new RecordingReceiver();
  private final List<UcxFailure> lost = new CopyOnWriteArrayList<>();
  private @Nullable UcxEngine here;
  private @Nullable UcxEngine there;
  private @Nullable UcxConnection connection;
  private RecordingReceiver recording = new RecordingReceiver();

  private UcxPair() {}

  static UcxPair start(String transports) throws Exception {
    return start(Ucx.config("pair", transports), new RecordingReceiver());
  }

  static UcxPair start(UcxConfig config, UcxReceiver receiver) throws Exception {
    UcxPair pair = new UcxPair();
    if (receiver instanceof RecordingReceiver recording) {
      pair.recording = recording;
    }
    pair.there = UcxEngine.start(config.named("there"), receiver);
    pair.here = UcxEngine.start(config.named("here"), pair.receiverHere);
    pair.connection = pair.here.connect(pair.there.address(), Ucx.HERE, pair.lost::add);
    return pair;
  }

  UcxEngine here() {
    return required(here);
  }

  UcxEngine there() {
    return required(there);
  }

  /** From here to there. */
  UcxConnection connection() {
    return required(connection);
  }

  /** What arrives there, unless the receiver is another one. */
  RecordingReceiver receiver() {
    return recording;
  }

  RecordingReceiver receiverHere() {
    return receiverHere;
  }

  List<UcxFailure> lost() {
    return lost;
  }

  void sendWhenThereIsRoom(ByteBuffer header, MemorySegment body, Completion done) {
    await()
        .pollInSameThread()
        .pollInterval(Duration.ofMillis(1))
        .until(() -> connection().send(header, body, done) == Handover.ACCEPTED);
  }

  @Override
  public void close() {
    if (here != null) {
      here.close();
    }
    if (there != null) {
      there.close();
    }
  }

  private static <T> T required(@Nullable T value) {
    if (value == null) {
      throw new IllegalStateException("not started");
    }
    return value;
  }
}
