package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PoolPlacesTest {

  @Test
  void has_besideThisRelaysPoolAtTheUsualPlace() throws Exception {
    try (PinnedPool own = PinnedPool.create(PoolConfig.of("places", 1 << 20).withLock(false))) {
      assertThat(PoolPlaces.has("/dev/shm/baton-other", own)).isTrue();
      assertThat(PoolPlaces.has("/etc/baton-other", own)).isFalse();
      assertThat(PoolPlaces.has("/dev/shm/../../etc/passwd", own)).isFalse();
    }
  }
}
