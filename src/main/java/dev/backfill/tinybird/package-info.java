/// The promise of a workspace: what we ask of Tinybird, in our words.
@NullMarked
package dev.backfill.tinybird;

import org.jspecify.annotations.NullMarked;
