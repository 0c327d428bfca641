package io.baton.transport.device;

import java.lang.foreign.MemorySegment;

/**
 * What a copier needs of a device. One thread makes all calls, so that no other thread's current
 * device is changed; none of them waits for the device.
 *
 * @param <M> a mark in the device's stream
 */
interface DeviceDriver<M> {

  /** The first call; answers what the device calls itself. */
  String open() throws DeviceException;

  /** Begins to copy, and answers a mark that is passed when the copy has ended. */
  M copyToHost(long device, long host, long bytes) throws DeviceException;

  M copyToDevice(long host, long device, long bytes) throws DeviceException;

  /** Whether the mark is passed; not to be asked again once it is, or once this has thrown. */
  boolean isPassed(M mark) throws DeviceException;

  void register(MemorySegment memory) throws DeviceException;

  void unregister(MemorySegment memory) throws DeviceException;

  /** The last call, when every mark is passed. */
  void close();
}
