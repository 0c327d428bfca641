/** Looks at relays from outside. */
@NullMarked
package io.baton.client.status;

import org.jspecify.annotations.NullMarked;
