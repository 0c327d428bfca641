/** The client's side of the protocol: the route, its history, and what to do when a stage dies. */
@NullMarked
package io.baton.session.route;

import org.jspecify.annotations.NullMarked;
