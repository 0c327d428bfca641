/** Tests. */
@NullMarked
package io.baton.transport.grpc;

import org.jspecify.annotations.NullMarked;
