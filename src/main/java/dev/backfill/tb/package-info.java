/// A stand-in for the platform's Classic command line, so that emitted scripts can be run by a real
/// shell in tests and the demo. Knows only the commands and flags those need, with the traps the
/// real one has, and says so (exit 2) about everything else.
@NullMarked
package dev.backfill.tb;

import org.jspecify.annotations.NullMarked;
