package io.baton.transport.payload;

/**
 * Payloads by the way in which their bytes went; those without bytes are not counted.
 *
 * @param shared payloads that stayed in shared memory and went by handle
 * @param framed payloads whose bytes went in the stream's messages
 */
public record PayloadTraffic(long shared, long sharedBytes, long framed, long framedBytes) {

  public static final PayloadTraffic NONE = new PayloadTraffic(0, 0, 0, 0);
}
