/// File text to syntax and back, nothing lost, positions kept. Pure.
@NullMarked
package dev.backfill.datafile;

import org.jspecify.annotations.NullMarked;
