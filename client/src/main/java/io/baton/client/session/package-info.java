/** Inference sessions over a chain of stages, and the client that opens them. */
@NullMarked
package io.baton.client.session;

import org.jspecify.annotations.NullMarked;
