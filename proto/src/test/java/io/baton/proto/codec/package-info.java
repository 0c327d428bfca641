/** Tests of the codec. */
@NullMarked
package io.baton.proto.codec;

import org.jspecify.annotations.NullMarked;
