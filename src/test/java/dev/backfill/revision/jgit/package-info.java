@NullMarked
package dev.backfill.revision.jgit;

import org.jspecify.annotations.NullMarked;
