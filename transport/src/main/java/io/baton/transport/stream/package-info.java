/** Streams to a peer that are kept: made anew when they break, whatever they go over. */
@NullMarked
package io.baton.transport.stream;

import org.jspecify.annotations.NullMarked;
