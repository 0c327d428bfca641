package io.baton.transport.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

/** The suite itself, where there is no device. */
class HeapCopierTest extends DeviceCopierConformance {

  private final HeapDriver driver = new HeapDriver();

  @Override
  DeviceCopier open() {
    try {
      return StreamCopier.open(0, driver, TIMEOUT, Duration.ofSeconds(5));
    } catch (DeviceException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  DeviceBuffer allocate(long bytes) {
    return driver.allocate(bytes);
  }

  @Override
  void free(DeviceBuffer buffer) {}

  @Override
  void assertNothingLeft() {
    assertThat(driver.registrations()).isZero();
    assertThat(driver.isClosed()).isTrue();
    driver.discard();
  }
}
