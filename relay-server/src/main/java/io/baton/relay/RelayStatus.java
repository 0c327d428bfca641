package io.baton.relay;

import java.util.List;
import java.util.Map;

/**
 * A look at a relay.
 *
 * @param executorAttached whether it can compute
 * @param heldBytes of payload that sessions make it keep
 * @param receivingBytes set aside for payloads that clients and the executor are sending in chunks
 * @param steps answered
 * @param pushesUsed of these, computed from a peer's push
 * @param pushesSent handed to a lane
 * @param pushesShed not handed to a lane, because it was full or down
 * @param pushesDropped arrived and not used, by reason
 */
public record RelayStatus(
    int sessions,
    boolean executorAttached,
    long heldBytes,
    long receivingBytes,
    long steps,
    long pushesUsed,
    long pushesSent,
    long pushesShed,
    Map<String, Long> pushesDropped,
    List<Evidence> evidence) {}
