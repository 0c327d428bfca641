@NullMarked
package io.baton.simulations.study;

import org.jspecify.annotations.NullMarked;
