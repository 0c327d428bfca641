package io.baton.session.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.testing.TestPayloads;
import org.junit.jupiter.api.Test;

class RouteConfigTest {

  @Test
  void patience_default() {
    assertThat(RouteConfig.Patience.DEFAULT)
        .isEqualTo(
            new RouteConfig.Patience(
                5_000_000_000L,
                5_000_000_000L,
                120_000_000_000L,
                540_000_000_000L,
                2,
                8,
                10_000_000_000L,
                20_000_000_000L,
                100_000_000L,
                2_000_000_000L,
                1_000_000_000L,
                60_000_000_000L));
  }

  @Test
  void of_pushesConfirmsByDigestAndReplaysStepsAsTheyWere() {
    RouteConfig config = RouteConfig.of(4, TestPayloads.ROW, 100);
    assertThat(config)
        .isEqualTo(
            new RouteConfig(
                4,
                TestPayloads.ROW,
                100,
                true,
                RouteConfig.Confirm.DIGEST,
                RouteConfig.Patience.DEFAULT,
                32,
                1,
                3,
                false));
  }

  @Test
  void with_changesOneThing() {
    RouteConfig config = RouteConfig.of(4, TestPayloads.ROW, 100);
    assertThat(config.withPush(false).push()).isFalse();
    assertThat(config.withStandby(true).standby()).isTrue();
    assertThat(config.withWindow(5).window()).isEqualTo(5);
    assertThat(config.withMergeTokens(64).mergeTokens()).isEqualTo(64);
    assertThat(config.withConfirm(RouteConfig.Confirm.FULL).confirm())
        .isEqualTo(RouteConfig.Confirm.FULL);
    RouteConfig.Patience patience = new RouteConfig.Patience(1, 2, 11, 12, 3, 4, 5, 6, 7, 8, 9, 10);
    assertThat(config.withPatience(patience).patience()).isEqualTo(patience);
    assertThat(patience.withFailures(40))
        .isEqualTo(new RouteConfig.Patience(1, 2, 11, 12, 3, 40, 5, 6, 7, 8, 9, 10));
    assertThat(patience.withSearch(50, 60))
        .isEqualTo(new RouteConfig.Patience(1, 2, 11, 12, 3, 4, 50, 60, 7, 8, 9, 10));
    assertThat(patience.withStep(50))
        .isEqualTo(new RouteConfig.Patience(1, 50, 11, 12, 3, 4, 5, 6, 7, 8, 9, 10));
    assertThat(patience.withBelief(50, 60))
        .isEqualTo(new RouteConfig.Patience(1, 2, 50, 60, 3, 4, 5, 6, 7, 8, 9, 10));
    assertThat(config.withPush(false).withPush(true)).isEqualTo(config);
  }
}
