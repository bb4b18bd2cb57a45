/// Options in, exit status out; puts the house together.
@NullMarked
package dev.backfill.cli;

import org.jspecify.annotations.NullMarked;
