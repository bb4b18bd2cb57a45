package dev.backfill.report;

import dev.backfill.change.Verdict;
import dev.backfill.run.Rehearsed;
import java.time.Instant;
import java.util.List;

/// Whether a pull request may be merged, as far as this program knows. Only proof makes it ready.
///
/// @param state what is the case
/// @param because one sentence with names between backticks; hostile
public record Readiness(State state, String because) {

  /// From the best to the worst.
  public enum State {
    /// No rows have to move.
    NOT_NEEDED,
    /// A rehearsal copied rows in the branch of this very head and plan, and proved them.
    READY,
    /// Everything is there but the proof.
    UNREHEARSED,
    /// There was proof, and what it rested on has moved.
    MOVED,
    /// A rehearsal ran and doesn't count.
    UNPROVEN,
    /// Generated files are missing or not as they should be.
    INCOMPLETE,
    /// Something has to be decided first.
    UNDECIDED,
    REFUSED,
    /// The project can't be read.
    UNREADABLE
  }

  /// What rehearsals of this head have shown.
  public sealed interface Proof {
    /// None.
    record None() implements Proof {}

    /// One just now.
    record Now(Rehearsed rehearsed) implements Proof {}

    /// An earlier one on the same head (or one with the same plan, in a merge queue), with this
    /// seal.
    record Earlier(String seal) implements Proof {}
  }

  public boolean ready() {
    return state == State.NOT_NEEDED || state == State.READY;
  }

  /// @param moved names around the plan that differ between base and the main line's newest commit
  /// @param now decides whether a pinned cutover is past
  public static Readiness of(PlanReport report, Proof proof, List<String> moved, Instant now) {
    var plan = report.plan();
    if (plan.verdict() == Verdict.REFUSE) {
      return new Readiness(
          State.REFUSED,
          "Deploying this would lose or double data, stop production or fail half-way.");
    }
    if (!plan.obstacles().isEmpty()) {
      return new Readiness(
          State.UNDECIDED,
          "Something has to be decided before the files can be written: "
              + Words.stops(plan).orElse("")
              + ".");
    }
    if (plan.core().migrations().isEmpty()) {
      return new Readiness(State.NOT_NEEDED, "No rows have to move.");
    }
    var past = plan.core().cutover().pinned().filter(t -> !t.isAfter(now));
    if (past.isPresent()) {
      return new Readiness(
          State.UNDECIDED, "The cutover " + past.get() + " is past; give a later one, or none.");
    }
    if (!report.generated()) {
      return new Readiness(State.INCOMPLETE, "Files of the plan are missing or stale in the head.");
    }
    if (!moved.isEmpty()) {
      return moved(moved);
    }
    return switch (proof) {
      case Proof.None _ -> new Readiness(State.UNREHEARSED, "This head isn't rehearsed yet.");
      case Proof.Now(var rehearsed) -> now(rehearsed);
      case Proof.Earlier(var seal) when seal.equals(report.seal()) ->
          new Readiness(State.READY, "A rehearsal of this plan copied rows and proved them.");
      case Proof.Earlier _ ->
          new Readiness(State.MOVED, "The plan has changed since it was rehearsed.");
    };
  }

  /// The main line has changed these names.
  public static Readiness moved(List<String> names) {
    return new Readiness(
        State.MOVED,
        "The main line has changed `"
            + String.join("`, `", names)
            + "` since this branch left it; bring it into the branch.");
  }

  private static Readiness now(Rehearsed rehearsed) {
    if (rehearsed.counts()
        && !rehearsed.targets().isEmpty()
        && rehearsed.targets().stream()
            .allMatch(t -> t.figures().copied() + t.figures().swept() > 0)) {
      return new Readiness(State.READY, "A rehearsal of this plan copied rows and proved them.");
    }
    return new Readiness(
        State.UNPROVEN,
        rehearsed.reasons().isEmpty()
            ? "The rehearsal copied no rows."
            : String.join(" ", rehearsed.reasons()));
  }

  /// The worst of several projects'.
  public static Readiness worst(List<Readiness> all) {
    return all.stream()
        .max(java.util.Comparator.comparing(Readiness::state))
        .orElse(new Readiness(State.NOT_NEEDED, "No rows have to move."));
  }
}
