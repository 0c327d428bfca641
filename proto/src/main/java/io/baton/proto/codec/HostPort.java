package io.baton.proto.codec;

import java.net.IDN;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Where a relay listens: a host name or address, and a port. Written {@code HOST:PORT}, an IPv6
 * address in brackets: {@code [::1]:7000}.
 *
 * @param host without brackets
 * @param port 0 to 65535; 0 asks the system for a free one and makes sense only for listening
 */
public record HostPort(String host, int port) {

  private static final int MAX_HOST_CHARS = 253;

  /** Up to 63 characters between two dots, and a dot at the end at most. */
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(\\.[A-Za-z0-9_-]{1,63})*\\.?");

  /** What ends in a number is no name, but an address or a slip of the pen. */
  private static final Pattern NUMBER_LAST =
      Pattern.compile("(.*\\.)?(\\d+|0[xX][0-9A-Fa-f]*)\\.?");

  private static final Pattern IPV4 =
      Pattern.compile(
          "((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)");

  private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[\\w.-]+)?");

  /**
   * @throws IllegalArgumentException if the host is no name or address, or the port out of range
   */
  public HostPort {
    if (host.length() > MAX_HOST_CHARS
        || !(NAME.matcher(host).matches() || IPV6.matcher(host).matches())) {
      throw new IllegalArgumentException(
          Fields.quoted(host) + " is neither a host name nor an address");
    }
    if (host.indexOf(':') < 0
        && NUMBER_LAST.matcher(host).matches()
        && !IPV4.matcher(host).matches()) {
      throw new IllegalArgumentException(
          Fields.quoted(host) + " is no IPv4 address, which is four numbers from 0 to 255");
    }
    if (port < 0 || port > 0xFFFF) {
      throw new IllegalArgumentException("port " + port + " is not within 0-65535");
    }
  }

  /**
   * Reads {@code HOST:PORT} or {@code [ADDRESS]:PORT}; no name is looked up.
   *
   * @throws IllegalArgumentException with a message that says what is wrong with {@code text}
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    boolean bracketed = text.startsWith("[");
    int close = text.indexOf(']');
    if (bracketed && close < 0) {
      throw new IllegalArgumentException(Fields.quoted(text) + " has no closing bracket");
    }
    if (colon < 0 || (bracketed && colon < close)) {
      throw new IllegalArgumentException(Fields.quoted(text) + " has no port: HOST:PORT");
    }
    if (bracketed && colon != close + 1) {
      throw new IllegalArgumentException(Fields.quoted(text) + " is not [ADDRESS]:PORT");
    }
    String host = bracketed ? text.substring(1, close) : text.substring(0, colon);
    if (!bracketed && host.indexOf(':') >= 0) {
      throw new IllegalArgumentException(
          Fields.quoted(text) + ": an IPv6 address stands in brackets, [ADDRESS]:PORT");
    }
    if (host.isEmpty()) {
      throw new IllegalArgumentException(Fields.quoted(text) + " has no host: HOST:PORT");
    }
    return new HostPort(toAscii(text, host), parsePort(text, text.substring(colon + 1)));
  }

  /** A name in any script, as it stands in the DNS. */
  private static String toAscii(String text, String host) {
    if (host.chars().allMatch(c -> c < 0x80)) {
      return host;
    }
    try {
      return IDN.toASCII(host);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(Fields.quoted(text) + " names no host", e);
    }
  }

  private static int parsePort(String text, String digits) {
    if (digits.isEmpty()
        || digits.length() > 5
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException(
          "%s: port %s is not a number within 0-65535"
              .formatted(Fields.quoted(text), Fields.quoted(digits)));
    }
    return Integer.parseInt(digits);
  }

  /** What {@link #parse} takes. */
  @Override
  public String toString() {
    return host.indexOf(':') >= 0
        ? String.format(Locale.ROOT, "[%s]:%d", host, port)
        : host + ":" + port;
  }
}
