@NullMarked
package dev.backfill.cli;

import org.jspecify.annotations.NullMarked;
