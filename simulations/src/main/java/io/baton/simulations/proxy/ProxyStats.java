package io.baton.simulations.proxy;

/**
 * What has gone through a proxy.
 *
 * @param accepted connections taken since the start
 * @param refused connections reset instead of being taken
 * @param open connections now
 * @param bytesToTarget forwarded, from those who connected to the proxy
 * @param bytesFromTarget forwarded, the other way
 */
public record ProxyStats(
    long accepted, long refused, int open, long bytesToTarget, long bytesFromTarget) {}
