/**
 * Sending and receiving, pure: what becomes of the chunks of one datum at the relay that its
 * readers are attached to, and of one sending at the relay of its sender.
 */
@NullMarked
package io.baton.session.exchange;

import org.jspecify.annotations.NullMarked;
