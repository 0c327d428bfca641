/** What holds all modules to the design. */
@NullMarked
package io.baton.simulations;

import org.jspecify.annotations.NullMarked;
