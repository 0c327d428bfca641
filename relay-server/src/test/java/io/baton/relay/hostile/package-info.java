/**
 * What strangers, broken programs and damaged bytes can send to a relay, and what it makes of it.
 */
@NullMarked
package io.baton.relay.hostile;

import org.jspecify.annotations.NullMarked;
