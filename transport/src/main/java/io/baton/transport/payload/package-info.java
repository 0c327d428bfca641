/** Payloads as frames: cut into chunks on one side of a stream, put together on the other. */
@NullMarked
package io.baton.transport.payload;

import org.jspecify.annotations.NullMarked;
