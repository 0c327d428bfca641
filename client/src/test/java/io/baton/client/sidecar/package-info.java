/** Tests of the sidecar's client, against a relay that does as it is told. */
@NullMarked
package io.baton.client.sidecar;

import org.jspecify.annotations.NullMarked;
