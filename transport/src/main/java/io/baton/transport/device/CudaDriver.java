package io.baton.transport.device;

import io.baton.transport.device.DeviceException.Reason;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import jcuda.Pointer;
import jcuda.runtime.JCuda;
import jcuda.runtime.cudaDeviceProp;
import jcuda.runtime.cudaError;
import jcuda.runtime.cudaEvent_t;
import jcuda.runtime.cudaMemcpyKind;
import jcuda.runtime.cudaStream_t;

/**
 * CUDA's runtime, by JCuda. Its calls are checked by their results, because JCuda's exceptions are
 * a setting of the whole process.
 */
final class CudaDriver implements DeviceDriver<cudaEvent_t> {

  private final int ordinal;
  private final cudaStream_t stream = new cudaStream_t();

  /** Events are made once and used again and again; there are as many as copies at a time. */
  private final Deque<cudaEvent_t> events = new ArrayDeque<>();

  CudaDriver(int ordinal) {
    this.ordinal = ordinal;
  }

  /** A raw address, of this host or of a device. */
  private static final class Address extends Pointer {
    Address(long address) {
      super(address);
    }
  }

  @Override
  public String open() throws DeviceException {
    CudaLibrary.load();
    int[] devices = new int[1];
    check("cudaGetDeviceCount", JCuda.cudaGetDeviceCount(devices));
    if (ordinal >= devices[0]) {
      throw new DeviceException(
          Reason.FAILED,
          "there is no device %d: CUDA finds %d, see nvidia-smi and CUDA_VISIBLE_DEVICES"
              .formatted(ordinal, devices[0]));
    }
    check("cudaSetDevice", JCuda.cudaSetDevice(ordinal));
    cudaDeviceProp properties = new cudaDeviceProp();
    check("cudaGetDeviceProperties", JCuda.cudaGetDeviceProperties(properties, ordinal));
    // The stream does not wait for the default one, in which others compute.
    check(
        "cudaStreamCreateWithFlags",
        JCuda.cudaStreamCreateWithFlags(stream, JCuda.cudaStreamNonBlocking));
    return text(properties.name);
  }

  private static String text(byte[] terminated) {
    int length = 0;
    while (length < terminated.length && terminated[length] != 0) {
      length++;
    }
    return new String(terminated, 0, length, StandardCharsets.UTF_8);
  }

  @Override
  public cudaEvent_t copyToHost(long device, long host, long bytes) throws DeviceException {
    return copy(host, device, bytes, cudaMemcpyKind.cudaMemcpyDeviceToHost);
  }

  @Override
  public cudaEvent_t copyToDevice(long host, long device, long bytes) throws DeviceException {
    return copy(device, host, bytes, cudaMemcpyKind.cudaMemcpyHostToDevice);
  }

  private cudaEvent_t copy(long to, long from, long bytes, int kind) throws DeviceException {
    cudaEvent_t event = event();
    try {
      check(
          "cudaMemcpyAsync",
          JCuda.cudaMemcpyAsync(new Address(to), new Address(from), bytes, kind, stream));
      check("cudaEventRecord", JCuda.cudaEventRecord(event, stream));
    } catch (DeviceException e) {
      events.push(event);
      throw e;
    }
    return event;
  }

  private cudaEvent_t event() throws DeviceException {
    if (!events.isEmpty()) {
      return events.pop();
    }
    cudaEvent_t event = new cudaEvent_t();
    check(
        "cudaEventCreateWithFlags",
        JCuda.cudaEventCreateWithFlags(event, JCuda.cudaEventDisableTiming));
    return event;
  }

  @Override
  public boolean isPassed(cudaEvent_t mark) throws DeviceException {
    int result = JCuda.cudaEventQuery(mark);
    if (result == cudaError.cudaErrorNotReady) {
      return false;
    }
    events.push(mark);
    check("cudaEventQuery", result);
    return true;
  }

  @Override
  public void register(MemorySegment memory) throws DeviceException {
    int flags =
        JCuda.cudaHostRegisterPortable | (memory.isReadOnly() ? JCuda.cudaHostRegisterReadOnly : 0);
    check(
        "cudaHostRegister",
        JCuda.cudaHostRegister(new Address(memory.address()), memory.byteSize(), flags));
  }

  @Override
  public void unregister(MemorySegment memory) throws DeviceException {
    check("cudaHostUnregister", JCuda.cudaHostUnregister(new Address(memory.address())));
  }

  /** What was made is destroyed; an error here is one that somebody has been told before. */
  @Override
  public void close() {
    events.forEach(JCuda::cudaEventDestroy);
    events.clear();
    JCuda.cudaStreamDestroy(stream);
  }

  private static void check(String call, int result) throws DeviceException {
    if (result != cudaError.cudaSuccess) {
      String name = cudaError.stringFor(result);
      throw new DeviceException("%s answers %s".formatted(call, name), name);
    }
  }
}
