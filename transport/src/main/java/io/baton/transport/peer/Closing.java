package io.baton.transport.peer;

import io.baton.session.exchange.DataId;

/**
 * One relay tells another how many chunks a datum has.
 *
 * @param transfer its number at the sending relay, of the same series as those of offers
 */
public record Closing(long transfer, DataId id, int count) {}
