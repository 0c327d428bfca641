/** The lane over gRPC, which works everywhere. */
@NullMarked
package io.baton.transport.lane.grpc;

import org.jspecify.annotations.NullMarked;
