/** The stage harness: what an executor implements, and how it is attached to its relay. */
@NullMarked
package io.baton.client.stage;

import org.jspecify.annotations.NullMarked;
