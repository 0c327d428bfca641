package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.MessageLite;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;

/** Tests that send what they should not to one relay, which has to stay as it was. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class HostileTest {

  static final String GROUP = "g";
  static final byte[] NOISE = {(byte) 0xff, (byte) 0xfe, 3, 1, 4, 1, 5};
  static final String MEBIBYTE = "x".repeat(1 << 20);

  @TempDir static Path directory;
  HostileRig rig;

  @BeforeAll
  void startRelay() throws Exception {
    rig = new HostileRig(directory);
  }

  @AfterAll
  void stopRelay() {
    rig.close();
  }

  @AfterEach
  void othersAreServed_andNothingIsLeft() throws Exception {
    rig.assertServes();
    rig.assertNothingLeft();
  }

  static Arguments bad(String name, Status.Code code, String says, byte[]... messages) {
    return arguments(named(name, List.of(messages)), code, says);
  }

  static Arguments malformed(String name, String says, MessageLite... messages) {
    return bad(
        name,
        Status.Code.INVALID_ARGUMENT,
        says,
        Stream.of(messages).map(MessageLite::toByteArray).toArray(byte[][]::new));
  }

  static void assertEnds(RawStream<?> stream, Status.Code code, String says) throws Exception {
    Status status = stream.ended();
    assertThat(status.getCode()).as("%s", status).isEqualTo(code);
    assertThat(status.getDescription()).contains(says).hasSizeLessThan(1000);
  }
}
