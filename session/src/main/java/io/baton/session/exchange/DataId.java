package io.baton.session.exchange;

/**
 * A datum: all chunks that a sender sends under one id to one group. Two groups may use the same id
 * and never see each other's chunks.
 *
 * @param group whom it is for
 * @param id any text, at most 1024 bytes of UTF-8
 */
public record DataId(String group, String id) {

  /**
   * @throws IllegalArgumentException if the group or the id is empty, too long or no well-formed
   *     text
   */
  public DataId {
    Name.checked("the group's name", group);
    Name.checked("the data id", id);
  }

  @Override
  public String toString() {
    return group + "/" + id;
  }
}
