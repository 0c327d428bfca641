package io.baton.simulations.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.baton.proto.v1.ProcessFrame;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A process of a relay's host in Python, {@code foreign_process.py}, that does what it is told, a
 * verb at a time. It ends with this one.
 */
public final class ForeignProcess implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 40;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final BufferedReader answers;
  private final Writer verbs;

  private ForeignProcess(Process process) {
    this.process = process;
    this.answers = process.inputReader();
    this.verbs = process.outputWriter();
  }

  /**
   * Starts it; it connects when it is told to {@code attach}.
   *
   * @param directory where it finds the messages that it speaks in
   */
  public static ForeignProcess start(Path directory, Path socket, String name) throws Exception {
    Path messages = directory.resolve("messages.pb");
    Files.write(messages, messages().toByteArray());
    return new ForeignProcess(
        Python.start(
            "foreign_process.py",
            "google.protobuf",
            "python3-protobuf",
            List.of(messages.toString(), socket.toString(), name)));
  }

  /** Of all that is said on the socket, each file after those that it needs. */
  private static FileDescriptorSet messages() {
    Set<FileDescriptor> files = new LinkedHashSet<>();
    add(files, ProcessFrame.getDescriptor().getFile());
    FileDescriptorSet.Builder set = FileDescriptorSet.newBuilder();
    files.forEach(file -> set.addFile(file.toProto()));
    return set.build();
  }

  private static void add(Set<FileDescriptor> files, FileDescriptor file) {
    file.getDependencies().forEach(needed -> add(files, needed));
    files.add(file);
  }

  /** Tells it what to do, and waits until it has. */
  public JsonNode does(@Nullable Object... verb) throws Exception {
    return begins(verb).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** Tells it what to do; nothing else may be said until that is done. */
  public CompletableFuture<JsonNode> begins(@Nullable Object... verb) throws Exception {
    verbs.write(JSON.writeValueAsString(Arrays.asList(verb)) + "\n");
    verbs.flush();
    return CompletableFuture.supplyAsync(this::answer);
  }

  private JsonNode answer() {
    try {
      String line = answers.readLine();
      if (line == null) {
        throw new IOException("the process has ended");
      }
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** SIGKILL, and waits until it is gone. */
  public void kill() throws InterruptedException {
    process.destroyForcibly();
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("it cannot be killed");
    }
  }

  @Override
  public void close() {
    try {
      kill();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
