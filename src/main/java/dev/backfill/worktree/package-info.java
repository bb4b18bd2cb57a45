/// Writes file changes into a directory, whole or not at all.
@NullMarked
package dev.backfill.worktree;

import org.jspecify.annotations.NullMarked;
