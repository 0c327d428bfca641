@NullMarked
package io.baton.simulations.scenario;

import org.jspecify.annotations.NullMarked;
