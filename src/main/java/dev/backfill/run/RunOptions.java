package dev.backfill.run;

import java.time.Duration;

/// How patient a run is.
///
/// @param holder who holds the lease, for people: user and machine, or the workflow run
/// @param maxWait how long to wait for T, or for somebody else's lease; longer means coming back
/// @param requestDeadline how long a request may be under way at the very most: a job whose answer
///   was lost is looked for at least that long
/// @param unreachable how long an unreachable host is tried again
/// @param dryRun only say what would be done
/// @param directWrites producers write to the targets too, so rows that only a target has are
///   theirs
/// @param changesRepeated what was deleted or changed in the source is repeated on the target
/// @param viewsKeepDeleted targets of views may go on counting rows that were deleted since, as the
///   old ones do
/// @param resume the command that goes on after an interruption
public record RunOptions(
    String holder,
    Duration maxWait,
    Duration requestDeadline,
    Duration unreachable,
    boolean dryRun,
    boolean directWrites,
    boolean changesRepeated,
    boolean viewsKeepDeleted,
    String resume) {

  /// A run whose views follow every row.
  public RunOptions(
      String holder,
      Duration maxWait,
      Duration requestDeadline,
      Duration unreachable,
      boolean dryRun,
      boolean directWrites,
      boolean changesRepeated,
      String resume) {
    this(
        holder,
        maxWait,
        requestDeadline,
        unreachable,
        dryRun,
        directWrites,
        changesRepeated,
        /* viewsKeepDeleted= */ false,
        resume);
  }

  /// A run before producers move.
  public RunOptions(
      String holder,
      Duration maxWait,
      Duration requestDeadline,
      Duration unreachable,
      boolean dryRun,
      String resume) {
    this(
        holder,
        maxWait,
        requestDeadline,
        unreachable,
        dryRun,
        /* directWrites= */ false,
        /* changesRepeated= */ false,
        resume);
  }

  public static RunOptions of(String holder) {
    return new RunOptions(
        holder,
        Duration.ofHours(1),
        Duration.ofSeconds(90),
        Duration.ofMinutes(2),
        false,
        "backfill run");
  }
}
