/** Lanes: how pushes travel from one relay to the next, whatever carries them. */
@NullMarked
package io.baton.transport.lane;

import org.jspecify.annotations.NullMarked;
