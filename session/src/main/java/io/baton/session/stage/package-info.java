/**
 * The receiver's side of the protocol: a stage that races its two arrivals, speculates, confirms
 * and rolls back.
 */
@NullMarked
package io.baton.session.stage;

import org.jspecify.annotations.NullMarked;
