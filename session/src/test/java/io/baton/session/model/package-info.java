@NullMarked
package io.baton.session.model;

import org.jspecify.annotations.NullMarked;
