/// One class per command: the use cases that the surfaces share.
@NullMarked
package dev.backfill.journey;

import org.jspecify.annotations.NullMarked;
