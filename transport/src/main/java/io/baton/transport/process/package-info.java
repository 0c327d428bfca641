/**
 * Streams between a relay and the processes of its host: length-prefixed protobuf messages over a
 * Unix-domain socket, read by one thread, written by whoever has something to say. They are used as
 * gRPC's streams are, by its observers and statuses, but nothing of gRPC is on the socket.
 */
@NullMarked
package io.baton.transport.process;

import org.jspecify.annotations.NullMarked;
