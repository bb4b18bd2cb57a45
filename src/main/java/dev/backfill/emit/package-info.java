/// A plan as files: datafiles, deploy.sh, .tinyenv. Pure.
@NullMarked
package dev.backfill.emit;

import org.jspecify.annotations.NullMarked;
