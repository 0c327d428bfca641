/** gRPC as every part of Baton uses it: channels, servers and senders with bounds. */
@NullMarked
package io.baton.transport.grpc;

import org.jspecify.annotations.NullMarked;
