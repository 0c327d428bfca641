/** {@code baton bench}: how fast bytes move, beside what else could move them. */
@NullMarked
package io.baton.cli.bench;

import org.jspecify.annotations.NullMarked;
