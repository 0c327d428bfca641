package io.baton.cli;

import io.baton.relay.RelayConfig;
import io.baton.transport.pinned.ByteText;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How large a relay's pool is if nobody says it. */
public final class DefaultPools {

  private static final Logger log = LoggerFactory.getLogger(DefaultPools.class);

  private DefaultPools() {}

  /**
   * What each of so many relays gets, which is less than usual where shared memory is small, as in
   * containers.
   *
   * @throws PoolException if there is hardly any room
   */
  public static long bytes(int relays) throws PoolException {
    RelayConfig.DataPlane usual = RelayConfig.DataPlane.DEFAULT;
    long bytes = PoolConfig.fittingBytes(usual.poolDirectory(), usual.poolBytes(), relays);
    if (bytes < usual.poolBytes()) {
      log.info(
          "a pool of {} instead of {}, since there is little room in {}",
          ByteText.of(bytes),
          ByteText.of(usual.poolBytes()),
          usual.poolDirectory());
    }
    return bytes;
  }
}
