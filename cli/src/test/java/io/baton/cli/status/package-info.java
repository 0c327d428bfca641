@NullMarked
package io.baton.cli.status;

import org.jspecify.annotations.NullMarked;
