package io.baton.transport.device;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Something could not be done with a device; the message says what, and what may help. */
public final class DeviceException extends Exception {

  private static final long serialVersionUID = 1L;

  /** What is in the way. */
  public enum Reason {
    /** The device was not done in time, and may go on. */
    DEADLINE_EXCEEDED,
    /** As many copies as are allowed are under way: wait for some of them. */
    BUSY,
    /** The copier has been closed. */
    CLOSED,
    /** The device or its driver refuses; see {@link DeviceException#error}. */
    FAILED
  }

  private final Reason reason;
  private final @Nullable String error;

  DeviceException(Reason reason, String message) {
    super(message);
    this.reason = reason;
    this.error = null;
  }

  /**
   * The driver refuses.
   *
   * @param error its name for that, such as {@code cudaErrorNoDevice}
   */
  DeviceException(String message, String error) {
    super(message);
    this.reason = Reason.FAILED;
    this.error = error;
  }

  public Reason reason() {
    return reason;
  }

  /** The driver's own name for what went wrong, if it was the driver. */
  public Optional<String> error() {
    return Optional.ofNullable(error);
  }
}
