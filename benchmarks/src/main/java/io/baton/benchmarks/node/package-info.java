/** The processes that a benchmark is made of: Baton's, and those that it is measured beside. */
@NullMarked
package io.baton.benchmarks.node;

import org.jspecify.annotations.NullMarked;
