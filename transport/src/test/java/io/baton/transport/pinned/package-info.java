/** Tests of the pinned pool. */
@NullMarked
package io.baton.transport.pinned;

import org.jspecify.annotations.NullMarked;
