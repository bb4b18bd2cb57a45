@NullMarked
package dev.backfill.proof;

import org.jspecify.annotations.NullMarked;
