/// Which questions prove that two sides hold the same rows, and what the answers say. Pure.
@NullMarked
package dev.backfill.proof;

import org.jspecify.annotations.NullMarked;
