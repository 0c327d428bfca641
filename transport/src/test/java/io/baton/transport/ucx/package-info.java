@NullMarked
package io.baton.transport.ucx;

import org.jspecify.annotations.NullMarked;
