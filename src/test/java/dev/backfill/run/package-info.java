@NullMarked
package dev.backfill.run;

import org.jspecify.annotations.NullMarked;
