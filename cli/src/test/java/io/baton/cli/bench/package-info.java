@NullMarked
package io.baton.cli.bench;

import org.jspecify.annotations.NullMarked;
