@NullMarked
package io.baton.verification;

import org.jspecify.annotations.NullMarked;
