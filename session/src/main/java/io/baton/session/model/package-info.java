/** The words of the protocol: ids, tensors, digests, steps and stages, as immutable values. */
@NullMarked
package io.baton.session.model;

import org.jspecify.annotations.NullMarked;
