/** The machines of sending and receiving at their edges, and in every order of events. */
@NullMarked
package io.baton.session.exchange;

import org.jspecify.annotations.NullMarked;
