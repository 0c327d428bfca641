/** What the tests of transport share. */
@NullMarked
package io.baton.transport;

import org.jspecify.annotations.NullMarked;
