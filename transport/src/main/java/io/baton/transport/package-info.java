/** How bytes travel between two processes. */
@NullMarked
package io.baton.transport;

import org.jspecify.annotations.NullMarked;
