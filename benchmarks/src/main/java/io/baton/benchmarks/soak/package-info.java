/** Hours of everything that relays do for those who send and receive, and what is left of it. */
@NullMarked
package io.baton.benchmarks.soak;

import org.jspecify.annotations.NullMarked;
