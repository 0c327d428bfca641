/** Real relays, executors and sessions, with faults injected. */
@NullMarked
package io.baton.simulations.chain;

import org.jspecify.annotations.NullMarked;
