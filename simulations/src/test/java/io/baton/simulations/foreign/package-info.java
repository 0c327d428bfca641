/** What clients and relays that are no Baton do to those that are. */
@NullMarked
package io.baton.simulations.foreign;

import org.jspecify.annotations.NullMarked;
