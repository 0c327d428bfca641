package io.baton.session.model;

import java.util.List;

/** Pure operations on payloads that need their bytes and their digests. */
public interface PayloadOperations {

  /** The rows of several payloads without side inputs, one after the other, as one payload. */
  Payload concatenate(List<Payload> payloads);

  /** Some rows of a payload, with its side inputs. */
  Payload rows(Payload payload, int from, int count);
}
