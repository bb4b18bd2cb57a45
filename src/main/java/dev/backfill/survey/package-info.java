/// Collects the figures behind a plan's choices from a workspace, with questions that are bounded;
/// writes nothing.
@NullMarked
package dev.backfill.survey;

import org.jspecify.annotations.NullMarked;
