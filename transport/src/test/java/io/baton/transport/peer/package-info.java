/** Tests of the links between relays. */
@NullMarked
package io.baton.transport.peer;

import org.jspecify.annotations.NullMarked;
