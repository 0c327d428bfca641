/**
 * Copies between the memory of accelerators and that of the host. A {@link
 * io.baton.transport.device.DeviceCopier} is had from {@link
 * io.baton.transport.device.DeviceCopiers}, which says so in a sentence where there is no device.
 */
@NullMarked
package io.baton.transport.device;

import org.jspecify.annotations.NullMarked;
