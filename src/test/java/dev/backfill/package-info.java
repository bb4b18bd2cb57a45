/// Tests; the folders mirror `src/main/java`.
@NullMarked
package dev.backfill;

import org.jspecify.annotations.NullMarked;
