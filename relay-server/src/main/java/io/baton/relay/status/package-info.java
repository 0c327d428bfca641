/** What a relay says about how it is, in the words of the wire. */
@NullMarked
package io.baton.relay.status;

import org.jspecify.annotations.NullMarked;
