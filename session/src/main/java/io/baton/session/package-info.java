/** What the protocol's machines share. */
@NullMarked
package io.baton.session;

import org.jspecify.annotations.NullMarked;
