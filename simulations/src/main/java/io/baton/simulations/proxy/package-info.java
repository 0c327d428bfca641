/** A network between real processes, on one host, with delay and faults. */
@NullMarked
package io.baton.simulations.proxy;

import org.jspecify.annotations.NullMarked;
