/// What will be done, in order, before anything is done. Pure.
@NullMarked
package dev.backfill.plan;

import org.jspecify.annotations.NullMarked;
