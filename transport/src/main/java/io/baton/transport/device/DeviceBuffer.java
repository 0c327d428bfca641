package io.baton.transport.device;

import java.util.Objects;

/**
 * Memory of a device, whose owner keeps it until the copies that name it have ended.
 *
 * @param address as the device's runtime gave it
 * @param bytes from there on
 * @param device its ordinal in this process
 */
public record DeviceBuffer(long address, long bytes, int device) {

  /**
   * @throws IllegalArgumentException if the size or the ordinal is negative
   */
  public DeviceBuffer {
    if (bytes < 0 || device < 0) {
      throw new IllegalArgumentException("%d bytes of device %d".formatted(bytes, device));
    }
  }

  /**
   * A part of it.
   *
   * @throws IndexOutOfBoundsException if it is not within
   */
  public DeviceBuffer slice(long offset, long size) {
    Objects.checkFromIndexSize(offset, size, bytes);
    return new DeviceBuffer(address + offset, size, device);
  }
}
