/** How fast bytes move, side by side with what moves them elsewhere. */
@NullMarked
package io.baton.benchmarks;

import org.jspecify.annotations.NullMarked;
