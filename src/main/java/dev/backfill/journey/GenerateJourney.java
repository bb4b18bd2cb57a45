package dev.backfill.journey;

import dev.backfill.change.Impact;
import dev.backfill.change.Verdict;
import dev.backfill.failure.Failure;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.report.PlanReport;
import dev.backfill.worktree.Worktree;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// Brings the files of a plan into the work tree, all of them or none.
public final class GenerateJourney {
  private GenerateJourney() {}

  /// What became of it.
  ///
  /// @param written paths that were created, replaced or removed; relative to the project
  /// @param unfinished with `--check`: what is missing or stale
  /// @param edited generated files that a person has changed; nothing was written then. With
  ///   `--check` they aren't among the unfinished ones
  public record Generated(
      PlanReport report, List<String> written, List<String> unfinished, List<String> edited) {
    public Generated {
      written = List.copyOf(written);
      unfinished = List.copyOf(unfinished);
      edited = List.copyOf(edited);
    }

    /// The work tree holds the plan.
    public boolean done() {
      return unfinished.isEmpty() && edited.isEmpty();
    }
  }

  /// @param workspace whose names stay free, if there is one
  /// @param check only look
  /// @param force overwrite what a person has edited
  /// @param now decides whether a pinned cutover is past
  /// @param measured adds a workspace's figures; asked only when something is to be written
  /// @throws Failure.Refused when the plan is refused, something has to be decided first, or the
  ///   cutover is past
  public static Generated generate(
      PlanJourney.Request request,
      PlanJourney.Workspace workspace,
      boolean check,
      boolean force,
      Instant now,
      UnaryOperator<PlanJourney.Planned> measured) {
    if (request.head().isPresent() && !check) {
      throw new Failure.Usage(
          "generate writes into the work tree and plans from it; --head goes with --check only.");
    }
    var planned = PlanJourney.plan(request, workspace);
    if (!check && !planned.changes().isEmpty()) {
      planned = measured.apply(planned);
    }
    var report = planned.report();
    stopIfRefused(report);
    stopIfPast(planned, now);
    if (check) {
      var edits = planned.edited();
      var behind =
          report.files().stream()
              .filter(f -> f.status() != PlanReport.Presence.CURRENT)
              .map(PlanReport.FileStatus::path)
              .collect(Collectors.partitioningBy(edits::contains));
      return new Generated(
          report,
          List.of(),
          behind.getOrDefault(false, List.of()),
          behind.getOrDefault(true, List.of()));
    }
    if (planned.changes().isEmpty()) {
      return new Generated(report, List.of(), List.of(), List.of());
    }
    var applied =
        new Worktree(planned.folder()).apply(planned.changes(), planned.generatedBefore(), force);
    return new Generated(report, applied.written(), List.of(), applied.kept());
  }

  private static void stopIfRefused(PlanReport report) {
    var problems = new ArrayList<>(report.plan().obstacles());
    if (report.plan().verdict() == Verdict.REFUSE) {
      for (var change : report.plan().changes()) {
        if (change.impact() == Impact.REFUSE) {
          problems.add(
              Problem.error(
                  "change_refused",
                  Place.of(change.file(), change.line()),
                  change.reason(),
                  "Take it back or split it."));
        }
      }
    }
    if (report.plan().verdict() == Verdict.REFUSE || !problems.isEmpty()) {
      throw new Failure.Refused("nothing is generated, and nothing was written", problems);
    }
  }

  // Rows between a past T and the sync pipe's creation would reach the target by neither way.
  private static void stopIfPast(PlanJourney.Planned planned, Instant now) {
    var pinned = planned.core().cutover().pinned();
    if (pinned.isEmpty() || pinned.get().isAfter(now)) {
      return;
    }
    var live =
        planned.core().direct().stream()
            .allMatch(m -> planned.base().pipe(m.liveFeed().pipe()).isPresent());
    if (!live) {
      throw new Failure.Refused(
          "the cutover "
              + pinned.get()
              + " is in the past (it is "
              + now
              + ") and no sync pipe is live; give a later one, or leave --cutover out to bind it at"
              + " deploy. Nothing was written.");
    }
  }
}
