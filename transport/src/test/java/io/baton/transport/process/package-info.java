@NullMarked
package io.baton.transport.process;

import org.jspecify.annotations.NullMarked;
