package io.baton.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.session.model.Proof;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SessionSecretTest {

  private static final SessionId SESSION = new SessionId(1, 2);
  private static final RelayId RELAY = new RelayId("stage-1", 3);

  private static SessionSecret secret(int first) {
    byte[] bytes = new byte[SessionSecret.BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (first + i);
    }
    return new SessionSecret(bytes);
  }

  private static Proof proof() {
    return secret(0).proof(SESSION, RELAY, "host:7000");
  }

  @Test
  void proof_isTheHmacOfTheSessionAndTheRelay() {
    assertThat(HexFormat.of().formatHex(proof().value()))
        .isEqualTo("4d9c20f37f7348c29731b217a2842b301109a5682a4503ad1b289d664dbf96f7");
  }

  @Test
  void proof_isOfOneSecretSessionRelayAndAddress() {
    assertThat(proof()).isEqualTo(proof());
    assertThat(secret(1).proof(SESSION, RELAY, "host:7000")).isNotEqualTo(proof());
    assertThat(secret(0).proof(new SessionId(1, 3), RELAY, "host:7000")).isNotEqualTo(proof());
    assertThat(secret(0).proof(SESSION, new RelayId("stage-2", 3), "host:7000"))
        .isNotEqualTo(proof());
    assertThat(secret(0).proof(SESSION, new RelayId("stage-1", 4), "host:7000"))
        .isNotEqualTo(proof());
    assertThat(secret(0).proof(SESSION, RELAY, "host:7001")).isNotEqualTo(proof());
  }

  @Test
  void seal_fitsItsProofAndNoOther() {
    assertThat(proof().seal().fits(proof())).isTrue();
    assertThat(proof().seal().fits(secret(1).proof(SESSION, RELAY, "host:7000"))).isFalse();
  }

  @Test
  void toString_showsNothing() {
    assertThat(proof()).hasToString("proof of 32 bytes");
    assertThat(secret(7)).hasToString("a session's secret");
    assertThat(SESSION.toString()).isEqualTo(SESSION.label()).isEqualTo("831e35d304f45d73");
  }

  @Test
  void lengths_thatAreNone_areRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new SessionSecret(new byte[31]));
    assertThatIllegalArgumentException().isThrownBy(() -> new Proof(new byte[15]));
    assertThatIllegalArgumentException().isThrownBy(() -> new Proof(new byte[65]));
  }
}
