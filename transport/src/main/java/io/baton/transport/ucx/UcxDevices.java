package io.baton.transport.ucx;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The network devices on which UCX listens where a server listens at an address. */
final class UcxDevices {

  static final Path NETWORKS = Path.of("/sys/class/net");

  private UcxDevices() {}

  /**
   * As UCX names them; none means all.
   *
   * @throws UcxUnavailableException if no interface of this host has the address
   */
  static List<String> at(InetAddress listen) throws UcxUnavailableException {
    if (listen.isAnyLocalAddress()) {
      return List.of();
    }
    try {
      if (listen.isLoopbackAddress()) {
        return NetworkInterface.networkInterfaces()
            .filter(UcxDevices::isLoopback)
            .map(NetworkInterface::getName)
            .toList();
      }
      NetworkInterface found = NetworkInterface.getByInetAddress(listen);
      if (found == null) {
        throw new UcxUnavailableException(
            "no network interface has the address " + listen.getHostAddress());
      }
      NetworkInterface parent = found.getParent();
      return with((parent == null ? found : parent).getName(), NETWORKS);
    } catch (SocketException e) {
      throw new UcxUnavailableException("the network interfaces cannot be listed: " + e, e);
    }
  }

  private static boolean isLoopback(NetworkInterface network) {
    try {
      return network.isLoopback();
    } catch (SocketException e) {
      return false;
    }
  }

  /** An interface, and the devices for RDMA behind it. */
  static List<String> with(String network, Path networks) throws UcxUnavailableException {
    List<String> devices = new ArrayList<>(List.of(network));
    Path verbs = networks.resolve(network).resolve("device").resolve("infiniband");
    if (Files.isDirectory(verbs)) {
      try (Stream<Path> names = Files.list(verbs)) {
        int port = port(networks.resolve(network).resolve("dev_port"));
        names
            .map(name -> "%s:%d".formatted(name.getFileName(), port))
            .sorted()
            .forEach(devices::add);
      } catch (IOException e) {
        throw new UcxUnavailableException("the devices of " + network + " cannot be listed", e);
      }
    }
    return devices;
  }

  /** The system counts from zero, UCX from one. */
  private static int port(Path file) {
    try {
      return 1 + Integer.parseInt(Files.readString(file).strip());
    } catch (IOException | NumberFormatException e) {
      return 1;
    }
  }
}
