package io.baton.client.sidecar;

/** Who writes a chunk that a group sends, each of whose members has all of it. */
public enum CopyMode {
  /** The member of the lowest rank. */
  LOWEST,
  /** Every member a part of it. */
  SHARDED
}
