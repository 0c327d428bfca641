package io.baton.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Reports as one line of JSON. */
public final class Json {

  private Json() {}

  /**
   * Writes one.
   *
   * @param report a record of plain values
   */
  public static String line(Object report) {
    try {
      return new ObjectMapper().writeValueAsString(report);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of plain values is not JSON", e);
    }
  }
}
