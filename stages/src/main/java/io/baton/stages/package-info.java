/** Model-stage executors: spans of a model's layers, and its two ends, computed by Jlama. */
@NullMarked
package io.baton.stages;

import org.jspecify.annotations.NullMarked;
