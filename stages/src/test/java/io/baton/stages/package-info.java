@NullMarked
package io.baton.stages;

import org.jspecify.annotations.NullMarked;
