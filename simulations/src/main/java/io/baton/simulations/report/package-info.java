/**
 * Reports of a study: a table for the terminal, JSON, CSV, charts as SVG, and one HTML page that
 * needs nothing else.
 */
@NullMarked
package io.baton.simulations.report;

import org.jspecify.annotations.NullMarked;
