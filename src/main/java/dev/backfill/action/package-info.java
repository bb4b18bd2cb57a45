/// The GitHub Action: inputs, outputs, the event, comments that are commands, and what a pull
/// request shows.
@NullMarked
package dev.backfill.action;

import org.jspecify.annotations.NullMarked;
