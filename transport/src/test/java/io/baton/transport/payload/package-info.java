/** Tests. */
@NullMarked
package io.baton.transport.payload;

import org.jspecify.annotations.NullMarked;
