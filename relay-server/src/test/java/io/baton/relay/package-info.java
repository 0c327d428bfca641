/** Tests of what an end-to-end test is too coarse for. */
@NullMarked
package io.baton.relay;

import org.jspecify.annotations.NullMarked;
