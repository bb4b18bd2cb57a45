/// What we ask of GitHub, in our words.
@NullMarked
package dev.backfill.github;

import org.jspecify.annotations.NullMarked;
