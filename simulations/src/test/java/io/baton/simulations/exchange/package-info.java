@NullMarked
package io.baton.simulations.exchange;

import org.jspecify.annotations.NullMarked;
