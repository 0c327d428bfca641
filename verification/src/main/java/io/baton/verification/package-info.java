/** Digests of payloads, and the operations on payloads that need them. */
@NullMarked
package io.baton.verification;

import org.jspecify.annotations.NullMarked;
