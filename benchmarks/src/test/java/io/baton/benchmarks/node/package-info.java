@NullMarked
package io.baton.benchmarks.node;

import org.jspecify.annotations.NullMarked;
