package dev.backfill.run;

import dev.backfill.proof.Comparison;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// What a run tells while it goes on; at least one every two seconds while it waits.
public sealed interface RunEvent {

  /// The Data Source it is about.
  String target();

  /// Work on a target begins.
  ///
  /// @param cutover T, read from the live sync pipe, where there is one
  record Started(String target, String source, Optional<Instant> cutover) implements RunEvent {}

  /// Nothing can be done now.
  ///
  /// @param because why, one sentence
  /// @param since when the waiting began
  /// @param until when it ends, at the latest, if that is known
  record Waiting(String target, String because, Instant since, Optional<Instant> until)
      implements RunEvent {}

  /// How the history is cut.
  ///
  /// @param chunks how many
  /// @param absent how many of them are still to be copied
  /// @param rows in the source below T
  record Chunked(String target, int chunks, int absent, long rows) implements RunEvent {}

  /// A copy job runs.
  ///
  /// @param range what it copies, in words
  /// @param over it has ended
  record JobRunning(
      String target, String range, String job, String state, boolean over, Duration elapsed)
      implements RunEvent {}

  /// A range is in the target.
  ///
  /// @param range which, in words
  /// @param rows in it
  /// @param done rows of the history that are in the target now
  /// @param total rows of the history
  record Copied(String target, String range, long rows, Duration elapsed, long done, long total)
      implements RunEvent {}

  /// A range was too big for one job or reading and is cut.
  record Split(String target, String range, String because) implements RunEvent {}

  /// Missing rows were added by difference.
  record Swept(String target, String range, long rows) implements RunEvent {}

  /// A comparison goes on.
  record Proving(String target, String what) implements RunEvent {}

  /// A comparison is over.
  record Compared(String target, Comparison comparison) implements RunEvent {}

  /// Anything else worth a line.
  record Note(String target, String message) implements RunEvent {}
}
