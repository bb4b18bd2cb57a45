/// Revisions read with JGit. The only place that knows it.
@NullMarked
package dev.backfill.revision.jgit;

import org.jspecify.annotations.NullMarked;
