/**
 * The relay: a long-lived sidecar that holds sessions at a stage and pushes its output to the next.
 */
@NullMarked
package io.baton.relay;

import org.jspecify.annotations.NullMarked;
