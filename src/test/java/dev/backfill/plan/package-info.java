@NullMarked
package dev.backfill.plan;

import org.jspecify.annotations.NullMarked;
