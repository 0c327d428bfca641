package io.baton.stages;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * One tokenizer of the native library. Its memory is not the JVM's, so nothing may use it once it
 * is closed: a lock sees to that. Safe for use by several threads.
 */
final class Tokenizer implements AutoCloseable {

  /** What a tokenizer can do without. */
  private static final List<String> PARTS =
      List.of("normalizer", "pre_tokenizer", "post_processor", "decoder", "added_tokens");

  /** A text that every tokenizer knows something of. */
  private static final String PROBE = "a";

  private final TokenizersLibrary library;
  private final long handle;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  private Tokenizer(TokenizersLibrary library, long handle) {
    this.library = library;
    this.handle = handle;
  }

  /**
   * Makes the tokenizer that {@code file}, a tokenizer.json, describes; one that neither cuts nor
   * fills up what it encodes, whatever the file says.
   *
   * @throws TokenizerLibraryException if the library cannot be loaded
   * @throws ModelException if the library does not understand the file
   */
  static Tokenizer load(Path file) throws ModelException {
    String json;
    try {
      json = Files.readString(file);
    } catch (IOException e) {
      throw new ModelException(file, "cannot be read: " + e.getMessage(), e);
    }
    JsonNode parsed = Json.parseObject(file, "", json.getBytes(StandardCharsets.UTF_8));
    Optional<String> problem =
        PlainJson.problem(parsed)
            .or(() -> TextTemplate.problem(parsed.path("post_processor")))
            .or(() -> MergePrefix.problem(parsed.path("model")))
            .or(() -> DecoderStrip.problem(parsed.path("decoder")));
    if (problem.isPresent()) {
      throw new ModelException(file, problem.get());
    }
    try {
      return of(json);
    } catch (IllegalArgumentException e) {
      throw new ModelException(
          file,
          "%s is not known to the tokenizer library (%s)"
              .formatted(
                  unknownPart(parsed), String.valueOf(e.getMessage()).replaceAll("\\s+", " ")),
          e);
    }
  }

  /** The part without which the library understands the file. */
  private static String unknownPart(JsonNode whole) {
    for (String part : PARTS) {
      ObjectNode json = whole.deepCopy();
      JsonNode removed = json.replace(part, NullNode.getInstance());
      if (isUnderstood(json.toString())) {
        return "its %s %s".formatted(part, types(removed));
      }
    }
    return "its model";
  }

  private static boolean isUnderstood(String json) {
    try {
      of(json).close();
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** The types that a part is made of. */
  private static String types(@Nullable JsonNode part) {
    return part == null ? "" : String.join(", ", part.findValuesAsText("type"));
  }

  private static Tokenizer of(String json) {
    TokenizersLibrary library = TokenizerLibrary.get();
    long handle;
    try {
      handle = library.createTokenizerFromString(json);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(String.valueOf(e.getMessage()), e);
    }
    library.disableTruncation(handle);
    library.disablePadding(handle);
    return new Tokenizer(library, handle);
  }

  /**
   * The tokens of {@code text}.
   *
   * @param framed whether with those that the post-processor adds
   */
  int[] encode(String text, boolean framed) {
    String whole = PlainJson.LONE_SURROGATE.matcher(text).replaceAll("\ufffd");
    lock.readLock().lock();
    try {
      checkOpen();
      long encoding = library.encode(handle, whole, framed);
      try {
        return LongStream.of(library.getTokenIds(encoding)).mapToInt(Math::toIntExact).toArray();
      } finally {
        library.deleteEncoding(encoding);
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  /** What the post-processor puts around a text. */
  Frame frame() {
    List<Integer> plain = list(encode(PROBE, false));
    List<Integer> framed = list(encode(PROBE, true));
    int from = Math.max(0, Collections.indexOfSubList(framed, plain));
    int to = Math.min(framed.size(), from + plain.size());
    return new Frame(framed.subList(0, from), framed.subList(to, framed.size()));
  }

  /** The text of {@code tokens}, without those that are special and those that are unknown. */
  String decode(int... tokens) {
    long[] ids = new long[tokens.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = tokens[i];
    }
    lock.readLock().lock();
    try {
      checkOpen();
      return library.decode(handle, ids, true);
    } finally {
      lock.readLock().unlock();
    }
  }

  private static List<Integer> list(int[] tokens) {
    return Arrays.stream(tokens).boxed().toList();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the tokenizer is closed");
    }
  }

  /** A no-op the second time. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        library.deleteTokenizer(handle);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
