/** Tests of what an end-to-end test is too coarse for. */
@NullMarked
package io.baton.client.session;

import org.jspecify.annotations.NullMarked;
