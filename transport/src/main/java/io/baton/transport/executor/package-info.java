/** The port between a relay and its stage executor. */
@NullMarked
package io.baton.transport.executor;

import org.jspecify.annotations.NullMarked;
