package io.baton.transport.ucx;

import java.io.Serial;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * UCX's address of a worker, read in full. UCX itself follows the lengths and indexes inside an
 * address without checking them, so that no byte of a peer's address reaches it: of what a peer
 * says, {@link #reachedFrom} takes the worker's number and, for the transports that this engine has
 * as well, where they are; everything else it takes from this engine's own address.
 *
 * <p>It is the first version of UCX's format, of releases from 1.12 on. An engine whose UCX writes
 * another does not start.
 *
 * @param worker its number, drawn at random by UCX
 */
record UcxAddress(long worker, List<Device> devices) {

  /**
   * @param domain number of the memory domain, as remote keys have it
   * @param flags of the domain
   */
  record Device(int domain, int flags, Bytes address, List<Way> ways) {

    Device {
      ways = List.copyOf(ways);
    }
  }

  /**
   * One transport of a device.
   *
   * @param transport a checksum of its name
   * @param attributes speeds and abilities
   */
  record Way(int transport, Bytes attributes, Bytes address) {}

  /** Some of the bytes. */
  record Bytes(ByteBuffer buffer) {

    int size() {
      return buffer.remaining();
    }

    int at(int index) {
      return Byte.toUnsignedInt(buffer.get(buffer.position() + index));
    }

    byte[] from(int index) {
      byte[] copy = new byte[size() - index];
      buffer.get(buffer.position() + index, copy);
      return copy;
    }
  }

  /** An address that is none. */
  static final class MalformedAddressException extends Exception {

    @Serial private static final long serialVersionUID = 1L;

    MalformedAddressException(String message) {
      super(message);
    }
  }

  private static final int MAGIC = 0x42555831;
  private static final int OVERHEAD = 3 * Integer.BYTES;
  private static final int MAX_BYTES = 4 << 10;
  private static final int MAX_WAYS = 64;

  /** Version 1, and that the worker's number follows. */
  private static final int HEADER = 0x20;

  private static final int NOTHING = 0xff;
  private static final int LAST = 0x80;
  private static final int DOMAIN_IS_EMPTY = 0x80;
  private static final int DOMAIN_FLAGS = 0x60;
  private static final int DOMAIN_MASK = 0x1f;
  private static final int DEVICE_HAS_PATHS = 0x40;
  private static final int DEVICE_HAS_SYSTEM_DEVICE = 0x20;
  private static final int DEVICE_LENGTH = 0x1f;
  private static final int WAY_HAS_ENDPOINT = 0x40;
  private static final int WAY_LENGTH = 0x3f;
  private static final int ATTRIBUTE_BYTES = 16;

  private static final int TCP = transport("tcp");

  /** Within a process, or by reading the memory of one whose number the peer says. */
  private static final Set<Integer> NEVER = transports("self", "cma", "knem");

  private static final Set<Integer> SHARED_MEMORY = transports("posix", "sysv", "xpmem");

  private static final int TCP_HEAD = 2;
  private static final int TCP_LOOPBACK = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  UcxAddress {
    devices = List.copyOf(devices);
  }

  // ---- between engines

  /**
   * Reads what {@link #toWire} wrote. The checksum is against accidents; whoever means harm can
   * make one.
   */
  static UcxAddress fromWire(byte[] wire) throws MalformedAddressException {
    if (wire.length <= OVERHEAD || wire.length > OVERHEAD + MAX_BYTES) {
      throw new MalformedAddressException(wire.length + " bytes");
    }
    ByteBuffer buffer = ByteBuffer.wrap(wire);
    if (buffer.getInt() != MAGIC || buffer.getInt() != wire.length - OVERHEAD) {
      throw new MalformedAddressException("another format");
    }
    if (buffer.getInt() != checksum(buffer)) {
      throw new MalformedAddressException("a wrong checksum");
    }
    return fromUcx(buffer);
  }

  byte[] toWire() {
    ByteBuffer address = toUcx();
    ByteBuffer wire = ByteBuffer.allocate(OVERHEAD + address.remaining());
    wire.putInt(MAGIC).putInt(address.remaining()).putInt(checksum(address)).put(address);
    return wire.array();
  }

  private static int checksum(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  // ---- as UCX has it

  /** Reads the remaining bytes, of which none may be left over. */
  static UcxAddress fromUcx(ByteBuffer address) throws MalformedAddressException {
    ByteBuffer from = address.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (from.remaining() > MAX_BYTES) {
      throw new MalformedAddressException(from.remaining() + " bytes");
    }
    try {
      int header = unsigned(from);
      if (header != HEADER) {
        throw new MalformedAddressException("another version (%02x)".formatted(header));
      }
      long worker = from.getLong();
      List<Device> devices = new ArrayList<>();
      boolean last = from.get(from.position()) == (byte) NOTHING;
      while (!last) {
        last = (from.get(from.position() + 1) & LAST) != 0;
        devices.add(device(from));
        if (devices.size() > MAX_WAYS) {
          throw new MalformedAddressException("too many devices");
        }
      }
      if (devices.isEmpty() || from.hasRemaining()) {
        throw new MalformedAddressException(
            "%d devices, and %d bytes after them".formatted(devices.size(), from.remaining()));
      }
      return new UcxAddress(worker, devices);
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      throw new MalformedAddressException("cut short");
    }
  }

  private static Device device(ByteBuffer from) throws MalformedAddressException {
    int domain = unsigned(from);
    int head = unsigned(from);
    // How many ways a device has of its own, and where it sits in its host, are left out.
    if ((head & DEVICE_HAS_PATHS) != 0) {
      unsigned(from);
    }
    if ((head & DEVICE_HAS_SYSTEM_DEVICE) != 0) {
      unsigned(from);
    }
    Bytes address = bytes(from, head & DEVICE_LENGTH);
    List<Way> ways = new ArrayList<>();
    boolean last = (domain & DOMAIN_IS_EMPTY) != 0;
    while (!last) {
      int transport = Short.toUnsignedInt(from.getShort());
      Bytes attributes = bytes(from, ATTRIBUTE_BYTES);
      int length = unsigned(from);
      if ((length & WAY_HAS_ENDPOINT) != 0 || ways.size() >= MAX_WAYS) {
        throw new MalformedAddressException("not the address of a worker");
      }
      ways.add(new Way(transport, attributes, bytes(from, length & WAY_LENGTH)));
      last = (length & LAST) != 0;
    }
    return new Device(domain & DOMAIN_MASK, domain & DOMAIN_FLAGS, address, ways);
  }

  private static int unsigned(ByteBuffer from) {
    return Byte.toUnsignedInt(from.get());
  }

  private static Bytes bytes(ByteBuffer from, int size) {
    Bytes bytes = new Bytes(from.slice(from.position(), size).asReadOnlyBuffer());
    from.position(from.position() + size);
    return bytes;
  }

  /** For UCX: a direct buffer, which has to live as long as UCX may read it. */
  ByteBuffer toUcx() {
    List<Device> written = devices.stream().filter(device -> !device.ways().isEmpty()).toList();
    ByteBuffer to = ByteBuffer.allocateDirect(MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    to.put((byte) HEADER).putLong(worker);
    for (int i = 0; i < written.size(); i++) {
      write(written.get(i), i == written.size() - 1, to);
    }
    return to.flip().order(ByteOrder.BIG_ENDIAN);
  }

  private static void write(Device device, boolean last, ByteBuffer to) {
    to.put((byte) (device.domain() | device.flags()));
    to.put((byte) (device.address().size() | (last ? LAST : 0)));
    to.put(device.address().buffer().duplicate());
    for (int i = 0; i < device.ways().size(); i++) {
      Way way = device.ways().get(i);
      boolean lastWay = i == device.ways().size() - 1;
      to.putShort((short) way.transport()).put(way.attributes().buffer().duplicate());
      to.put((byte) (way.address().size() | (lastWay ? LAST : 0)));
      to.put(way.address().buffer().duplicate());
    }
  }

  // ---- who is where

  /**
   * The same worker, by those of its ways that this engine has as well and that lead to the host
   * from which the address came. Of what the peer has written nothing is left but its number, the
   * numbers of memory domains, and addresses of the size that this engine's own have.
   *
   * @throws MalformedAddressException if there is no such way; the message says why
   */
  UcxAddress reachedFrom(UcxAddress own, InetAddress host) throws MalformedAddressException {
    if (worker == own.worker) {
      return own;
    }
    List<Device> reached = new ArrayList<>();
    for (Device device : devices) {
      List<Way> ways =
          device.ways().stream().flatMap(way -> own.reach(device, way, host).stream()).toList();
      if (!ways.isEmpty()) {
        reached.add(new Device(device.domain(), device.flags(), device.address(), ways));
      }
    }
    if (reached.isEmpty()) {
      throw new MalformedAddressException(
          "it was reached at %s and listens at %s, or not in a network that UCX uses here"
              .formatted(host.getHostAddress(), hosts().isEmpty() ? "none" : hosts()));
    }
    return new UcxAddress(worker, reached);
  }

  private Optional<Way> reach(Device theirs, Way way, InetAddress host) {
    for (Device ours : devices) {
      for (Way own : ours.ways()) {
        if (own.transport() == way.transport()
            && ours.address().size() == theirs.address().size()
            && own.address().size() == way.address().size()
            && leads(way.transport(), ours.address(), theirs.address(), host)) {
          return Optional.of(new Way(way.transport(), own.attributes(), way.address()));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean leads(int transport, Bytes ours, Bytes theirs, InetAddress host) {
    if (NEVER.contains(transport)) {
      return false;
    }
    if (transport == TCP) {
      return isLoopback(theirs)
          ? host.isLoopbackAddress() && theirs.equals(ours)
          : ours.at(0) == theirs.at(0) && isAt(theirs, host);
    }
    // Shared memory is that of this host; a network's address begins with how it is to be read.
    return SHARED_MEMORY.contains(transport)
        ? theirs.equals(ours)
        : theirs.size() == 0 || theirs.at(0) == ours.at(0);
  }

  private static boolean isLoopback(Bytes tcp) {
    return tcp.size() > TCP_HEAD && tcp.at(0) == TCP_LOOPBACK;
  }

  private static boolean isAt(Bytes tcp, InetAddress host) {
    return tcp.size() > TCP_HEAD
        && tcp.at(0) == 0
        && tcp.at(1) == (host.getAddress().length == Integer.BYTES ? AF_INET : AF_INET6)
        && Arrays.equals(tcp.from(TCP_HEAD), host.getAddress());
  }

  /** Where it can be reached over tcp: a name for loopback, addresses else. */
  List<String> hosts() {
    return devices.stream()
        .filter(device -> device.ways().stream().anyMatch(way -> way.transport() == TCP))
        .map(device -> isLoopback(device.address()) ? "loopback" : text(device.address()))
        .distinct()
        .toList();
  }

  /** Whether it can be reached over tcp at that address alone, or not at all. */
  boolean isNowhereBut(InetAddress host) {
    return devices.stream()
        .filter(device -> device.ways().stream().anyMatch(way -> way.transport() == TCP))
        .map(Device::address)
        .allMatch(address -> host.isLoopbackAddress() ? isLoopback(address) : isAt(address, host));
  }

  private static String text(Bytes tcp) {
    try {
      return InetAddress.getByAddress(tcp.from(Math.min(TCP_HEAD, tcp.size()))).getHostAddress();
    } catch (UnknownHostException e) {
      return "an address of %d bytes".formatted(tcp.size());
    }
  }

  private static Set<Integer> transports(String... names) {
    return Stream.of(names).map(UcxAddress::transport).collect(Collectors.toUnmodifiableSet());
  }

  /** A transport's name as addresses have it: its CRC-16 as in X.25. */
  static int transport(String name) {
    int crc = 0xffff;
    for (byte b : name.getBytes(StandardCharsets.US_ASCII)) {
      crc ^= Byte.toUnsignedInt(b);
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0x8408);
      }
    }
    return ~crc & 0xffff;
  }
}
