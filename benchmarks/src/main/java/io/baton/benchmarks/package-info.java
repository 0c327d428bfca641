/** How fast bytes move between two processes, side by side with what moves them elsewhere. */
@NullMarked
package io.baton.benchmarks;

import org.jspecify.annotations.NullMarked;
