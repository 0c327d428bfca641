/**
 * A relay's pool: shared memory, taken up front, locked, divided into slots that handles name for
 * good.
 */
@NullMarked
package io.baton.transport.pinned;

import org.jspecify.annotations.NullMarked;
