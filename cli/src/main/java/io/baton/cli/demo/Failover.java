package io.baton.cli.demo;

/**
 * A kill that has happened.
 *
 * @param relay that was killed
 * @param gapNanos from the kill to the token that was under way
 */
record Failover(Kill kill, String relay, long gapNanos) {}
