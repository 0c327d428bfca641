package io.baton.stages;

import io.baton.session.model.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import net.openhft.hashing.LongTupleHashFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Digests of whole files, each computed once for as long as the file stays what it is: XXH3 of
 * every block, on all processors, and SHA-256 of these. It tells damage and mistakes; whoever can
 * write the files can forge it.
 */
final class FileDigests {

  private static final Logger logger = LoggerFactory.getLogger(FileDigests.class);

  private static final int BLOCK = 4 << 20;
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private final DigestCache cache;

  FileDigests(DigestCache cache) {
    this.cache = cache;
  }

  /**
   * The digest of all bytes of {@code file}.
   *
   * @throws ModelException if the file changes meanwhile
   * @throws IOException if it cannot be read
   */
  byte[] digest(Path file) throws ModelException, IOException {
    FileState state = FileState.of(file);
    byte[] known = cache.find(state);
    if (known != null) {
      return known;
    }
    byte[] digest = compute(file, state.size());
    if (!FileState.of(file).equals(state)) {
      throw new ModelException(file, "changed while it was read");
    }
    cache.keep(state, digest);
    return digest;
  }

  private static byte[] compute(Path file, long size) throws IOException {
    long blocks = Math.ceilDiv(size, BLOCK);
    Progress progress = new Progress(file, size);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MessageDigest all = Sha256.start();
      LongStream.range(0, blocks)
          .parallel()
          .mapToObj(block -> digestBlock(channel, block, size, progress))
          .forEachOrdered(all::update);
      return all.digest();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static byte[] digestBlock(FileChannel channel, long block, long size, Progress progress) {
    long position = block * BLOCK;
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(BLOCK, size - position));
    try {
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, position + bytes.position()) < 0) {
          throw new IOException("cut short while it was read");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    long[] hash = new long[2];
    LongTupleHashFunction.xx128().hashBytes(bytes.array(), hash);
    progress.done(bytes.capacity());
    return ByteBuffer.allocate(2 * Long.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(hash[0])
        .putLong(hash[1])
        .array();
  }

  /** Says how far it is, where it takes long. */
  private static final class Progress {

    private final Path file;
    private final long size;
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong said = new AtomicLong(System.nanoTime());

    Progress(Path file, long size) {
      this.file = file;
      this.size = size;
    }

    void done(int bytes) {
      long total = done.addAndGet(bytes);
      long last = said.get();
      long now = System.nanoTime();
      if (now - last > PATIENCE_NANOS && said.compareAndSet(last, now)) {
        logger.warn(
            "Reading all of {} for the model's fingerprint, once: {} of {} MiB",
            file,
            total >> 20,
            size >> 20);
      }
    }
  }
}
