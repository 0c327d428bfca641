/** Payloads, an oracle of what a chain computes, and builders that the tests share. */
@NullMarked
package io.baton.session.testing;

import org.jspecify.annotations.NullMarked;
