/** Tests of what an end-to-end test is too coarse for. */
@NullMarked
package io.baton.client.stage;

import org.jspecify.annotations.NullMarked;
