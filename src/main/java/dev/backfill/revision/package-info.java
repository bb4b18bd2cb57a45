/// The promise of a repository: the files of a data project at a revision or in the work tree.
@NullMarked
package dev.backfill.revision;

import org.jspecify.annotations.NullMarked;
