@NullMarked
package io.baton.simulations.report;

import org.jspecify.annotations.NullMarked;
