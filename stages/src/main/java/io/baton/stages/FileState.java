package io.baton.stages;

import io.baton.session.model.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;

/**
 * What a file system says of a file. Two equal states are of one content, unless the file was
 * written within its clock's tick.
 *
 * @param identity of the file, whatever its name; empty where the file system does not know
 * @param changed when its content or its attributes last changed, which nobody can set back
 */
record FileState(String identity, long size, Instant modified, Instant changed) {

  /** Longer than a tick of any file system's clock. */
  private static final Duration TICK = Duration.ofSeconds(3);

  static FileState of(Path file) throws IOException {
    BasicFileAttributes basic = Files.readAttributes(file, BasicFileAttributes.class);
    Instant modified = basic.lastModifiedTime().toInstant();
    String identity = basic.fileKey() == null ? "" : basic.fileKey().toString();
    Instant changed =
        file.getFileSystem().supportedFileAttributeViews().contains("unix")
            ? ((FileTime) Files.getAttribute(file, "unix:ctime")).toInstant()
            : modified;
    return new FileState(identity, basic.size(), modified, changed);
  }

  /** Whether another content would be another state. */
  boolean telling(Instant now) {
    return !identity.isEmpty()
        && modified.plus(TICK).isBefore(now)
        && changed.plus(TICK).isBefore(now);
  }

  /** A name for it: letters and digits. */
  String name() {
    return HexFormat.of()
        .formatHex(Sha256.start().digest(toString().getBytes(StandardCharsets.UTF_8)));
  }
}
