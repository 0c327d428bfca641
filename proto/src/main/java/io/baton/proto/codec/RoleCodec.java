package io.baton.proto.codec;

import io.baton.session.model.StageRole;

/** The parts that relays take in a session. */
public final class RoleCodec {

  private RoleCodec() {}

  public static io.baton.proto.v1.StageRole toWire(StageRole role) {
    return switch (role) {
      case ACTIVE -> io.baton.proto.v1.StageRole.STAGE_ROLE_ACTIVE;
      case STANDBY -> io.baton.proto.v1.StageRole.STAGE_ROLE_STANDBY;
    };
  }

  /**
   * A role by its number; none is ACTIVE, as it is for a client that knows no standbys.
   *
   * @param number the number on the wire, as {@code getXxxValue()} gives it
   * @param field the field that holds it, for the error
   */
  public static StageRole fromWire(int number, String field) throws MalformedFrameException {
    return switch (number) {
      case io.baton.proto.v1.StageRole.STAGE_ROLE_UNSPECIFIED_VALUE,
          io.baton.proto.v1.StageRole.STAGE_ROLE_ACTIVE_VALUE ->
          StageRole.ACTIVE;
      case io.baton.proto.v1.StageRole.STAGE_ROLE_STANDBY_VALUE -> StageRole.STANDBY;
      default -> throw new MalformedFrameException(field, number + " is no known role");
    };
  }
}
