package io.baton.transport.device;

import java.time.Duration;

/** Where copiers come from. JCuda is loaded by nothing else. */
public final class DeviceCopiers {

  private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  private DeviceCopiers() {}

  /** What came of looking for a device. */
  public sealed interface Found {

    /** To be closed by whoever has looked. */
    record Available(DeviceCopier copier) implements Found {}

    /**
     * None can be used here.
     *
     * @param reason one sentence
     */
    record Unavailable(String reason) implements Found {}
  }

  /** The first device that CUDA shows this process. Waits for it for some seconds at most. */
  public static Found find() {
    return find(0);
  }

  /**
   * As {@link #find()}, another device.
   *
   * @param ordinal in this process, from 0
   */
  public static Found find(int ordinal) {
    try {
      return new Found.Available(
          StreamCopier.open(ordinal, new CudaDriver(ordinal), OPEN_TIMEOUT, CLOSE_TIMEOUT));
    } catch (DeviceException e) {
      return new Found.Unavailable(String.valueOf(e.getMessage()));
    } catch (NoClassDefFoundError e) {
      return new Found.Unavailable(
          "JCuda is not on the class path: add org.jcuda:jcuda and its natives");
    }
  }
}
