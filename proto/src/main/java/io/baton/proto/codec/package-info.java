/**
 * Between the generated messages of {@code baton.v1} and the session's records. Every decoder is
 * strict: what it returns is valid, and what it refuses it refuses with a {@link
 * io.baton.proto.codec.MalformedFrameException} that names the field and the value. Fields that
 * this build does not know are ignored, so that a newer peer may add some.
 */
@NullMarked
package io.baton.proto.codec;

import org.jspecify.annotations.NullMarked;
