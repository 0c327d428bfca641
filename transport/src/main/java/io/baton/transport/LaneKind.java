package io.baton.transport;

/** What carries a lane's bytes. */
public enum LaneKind {
  /** A gRPC stream. */
  GRPC,
  /** Shared memory of one host. */
  LOCAL,
  /** UCX. */
  UCX
}
