/** Tests. */
@NullMarked
package io.baton.transport.lane;

import org.jspecify.annotations.NullMarked;
