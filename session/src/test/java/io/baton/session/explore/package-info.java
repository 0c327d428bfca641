/** Explores every order of events in small worlds of one client and a few relays. */
@NullMarked
package io.baton.session.explore;

import org.jspecify.annotations.NullMarked;
