package io.baton.transport.payload;

/**
 * Payloads by the way in which their bytes went; those without bytes are not counted.
 *
 * @param shared payloads that stayed in shared memory and went by handle
 * @param ucx payloads whose bytes went by UCX
 * @param framed payloads whose bytes went in the stream's messages
 */
public record PayloadTraffic(Way shared, Way ucx, Way framed) {

  /** What went one way. */
  public record Way(long payloads, long bytes) {
    public static final Way NONE = new Way(0, 0);
  }

  public static final PayloadTraffic NONE = new PayloadTraffic(Way.NONE, Way.NONE, Way.NONE);
}
