/// Why a run stops: the reasons that end a command with something other than success. Pure.
@NullMarked
package dev.backfill.failure;

import org.jspecify.annotations.NullMarked;
