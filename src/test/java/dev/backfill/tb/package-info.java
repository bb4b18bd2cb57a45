@NullMarked
package dev.backfill.tb;

import org.jspecify.annotations.NullMarked;
