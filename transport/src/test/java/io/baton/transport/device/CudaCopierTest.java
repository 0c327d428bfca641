package io.baton.transport.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.HashMap;
import java.util.Map;
import jcuda.Pointer;
import jcuda.runtime.JCuda;
import jcuda.runtime.cudaError;

/** On a device of this machine, if it has one. */
class CudaCopierTest extends DeviceCopierConformance {

  private final Map<DeviceBuffer, Pointer> allocated = new HashMap<>();

  @Override
  DeviceCopier open() {
    return switch (DeviceCopiers.find()) {
      case DeviceCopiers.Found.Available(DeviceCopier copier) -> copier;
      case DeviceCopiers.Found.Unavailable(String reason) -> abort(reason);
    };
  }

  /** A pointer does not tell its address, other than to the device and in its text. */
  @Override
  DeviceBuffer allocate(long bytes) {
    Pointer pointer = new Pointer();
    assertThat(JCuda.cudaMalloc(pointer, bytes)).isEqualTo(cudaError.cudaSuccess);
    String address = pointer.toString().replaceAll(".*nativePointer=0x([0-9a-f]+),.*", "$1");
    DeviceBuffer buffer = new DeviceBuffer(Long.parseUnsignedLong(address, 16), bytes, 0);
    allocated.put(buffer, pointer);
    return buffer;
  }

  @Override
  void free(DeviceBuffer buffer) {
    Pointer pointer = allocated.remove(buffer);
    assertThat(pointer == null ? 0 : JCuda.cudaFree(pointer)).isEqualTo(cudaError.cudaSuccess);
  }

  @Override
  void assertNothingLeft() {
    assertThat(allocated).isEmpty();
  }
}
