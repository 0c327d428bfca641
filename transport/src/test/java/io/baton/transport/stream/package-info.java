/** Tests. */
@NullMarked
package io.baton.transport.stream;

import org.jspecify.annotations.NullMarked;
