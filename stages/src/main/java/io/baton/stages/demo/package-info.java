/** What the demo model is asked, and how its answers are judged. */
@NullMarked
package io.baton.stages.demo;

import org.jspecify.annotations.NullMarked;
