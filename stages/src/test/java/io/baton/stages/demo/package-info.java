@NullMarked
package io.baton.stages.demo;

import org.jspecify.annotations.NullMarked;
