/** Tests of the proxy. */
@NullMarked
package io.baton.simulations.proxy;

import org.jspecify.annotations.NullMarked;
