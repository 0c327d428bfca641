/** The demo: a chain on one machine that loses stages and goes on. */
@NullMarked
package io.baton.cli.demo;

import org.jspecify.annotations.NullMarked;
