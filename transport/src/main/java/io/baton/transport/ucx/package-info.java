/**
 * Messages over UCX: what sends bytes to another process by the fastest way that both have. The
 * only package that touches jucx, and it knows nothing of sessions or chunks.
 */
@NullMarked
package io.baton.transport.ucx;

import org.jspecify.annotations.NullMarked;
