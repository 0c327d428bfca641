package io.baton.relay;

import io.baton.transport.payload.PayloadTraffic;
import java.util.List;
import java.util.Map;

/**
 * A look at a relay.
 *
 * @param executorAttached whether it can compute
 * @param heldBytes of payload that sessions make it keep
 * @param receivingBytes set aside for payloads that clients and the executor are sending in chunks
 * @param reservedBytes that sessions make it keep, with all that is kept beside payloads and for
 *     outputs to come
 * @param steps answered, be it with an output or, standing by, without
 * @param pushesUsed of these, computed from a peer's push
 * @param pushesSent to active stages, handed to a lane
 * @param pushesShed to active stages, not handed to a lane, because it was full or down
 * @param standbyPushesSent to stages that stand by, handed to a lane
 * @param standbyPushesShed to stages that stand by, not handed to a lane, because it was down or
 *     not nearly empty
 * @param pushesDropped arrived and not used, by reason
 * @param payloadsSent to clients, peers and an executor of another process, by the way they went
 * @param payloadsReceived from these
 */
public record RelayStatus(
    int sessions,
    boolean executorAttached,
    long heldBytes,
    long receivingBytes,
    long reservedBytes,
    long steps,
    long pushesUsed,
    long pushesSent,
    long pushesShed,
    long standbyPushesSent,
    long standbyPushesShed,
    Map<String, Long> pushesDropped,
    List<Evidence> evidence,
    PayloadTraffic payloadsSent,
    PayloadTraffic payloadsReceived) {}
