/** Tests of copies between devices and this host, of which most machines have none. */
@NullMarked
package io.baton.transport.device;

import org.jspecify.annotations.NullMarked;
