/** Tests. */
@NullMarked
package io.baton.transport.lane.grpc;

import org.jspecify.annotations.NullMarked;
