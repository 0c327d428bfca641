package io.baton.cli.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.baton.proto.v1.InboundStatus;
import io.baton.proto.v1.PoolStatus;
import io.baton.proto.v1.RelayIdentity;
import io.baton.proto.v1.StatusResponse;
import org.junit.jupiter.api.Test;

class MessageJsonTest {

  @Test
  void of_anEmptyMessage_hasEveryNameThatIsPromised() {
    ObjectNode json = MessageJson.of(StatusResponse.getDefaultInstance());

    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "versions",
            "identity",
            "uptime_millis",
            "draining",
            "stages",
            "sessions",
            "pushes",
            "lane_order",
            "ucx",
            "links",
            "inbound",
            "pool",
            "exchange",
            "payloads");
    assertThat(json.get("exchange").isNull()).isTrue();
    assertThat(json.get("links")).isEmpty();
    assertThat(json.get("uptime_millis").isIntegralNumber()).isTrue();
  }

  @Test
  void of_idsAndAmounts_areTold() {
    ObjectNode json =
        MessageJson.of(
            StatusResponse.newBuilder()
                .setIdentity(RelayIdentity.newBuilder().setName("r").setIncarnation(-1))
                .setInbound(InboundStatus.newBuilder().putLinks("ucx", 2).putLinks("grpc", 1))
                .setPool(
                    PoolStatus.newBuilder()
                        .setBytes(1L << 60)
                        .setLocked(true)
                        .setFragmentation(0.25)
                        .setPath("/p"))
                .build());

    assertThat(json.at("/identity/incarnation").asText()).isEqualTo("ffffffffffffffff");
    assertThat(json.at("/inbound/links")).hasToString("{\"grpc\":1,\"ucx\":2}");
    assertThat(json.at("/pool/bytes").asLong()).isEqualTo(1L << 60);
    assertThat(json.at("/pool/locked").asBoolean()).isTrue();
    assertThat(json.at("/pool/fragmentation").asDouble()).isEqualTo(0.25);
  }
}
