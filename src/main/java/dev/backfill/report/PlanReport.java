package dev.backfill.report;

import dev.backfill.plan.Plan;
import dev.backfill.problem.Problem;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// A plan with what was observed around it: everything that is shown of it.
///
/// @param base 40 hex digits
/// @param head 40 hex digits, or `WORKTREE`
/// @param projectDir the project's folder in the repository, `.` for the root
/// @param seal `sha256:` and 64 hex digits
/// @param plan what will be done
/// @param files the generated files and how head holds them, `plan.json` among them
/// @param flows the data's ways, before and after
/// @param steps what is left to do, in order
public record PlanReport(
    String base,
    String head,
    String projectDir,
    String seal,
    Plan plan,
    List<FileStatus> files,
    Dataflow flows,
    List<Step> steps) {

  public PlanReport {
    files = List.copyOf(files);
    steps = List.copyOf(steps);
  }

  /// How head holds a generated file.
  public enum Presence {
    MISSING,
    CURRENT,
    STALE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// A generated file.
  ///
  /// @param path relative to the project
  /// @param mode `100644` or `100755`
  /// @param status how head holds it
  /// @param sha256 of what it should be, lower-case hex
  public record FileStatus(String path, String mode, Presence status, String sha256) {}

  /// Who does a step.
  public enum By {
    YOU,
    /// This program, or the workflow that calls it.
    WE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// Something that is left to do.
  ///
  /// @param id one word
  /// @param title a short sentence in the imperative
  /// @param by who does it
  /// @param command the one command; empty when there is none
  /// @param doneWhen the observed fact that ends it
  public record Step(String id, String title, By by, String command, String doneWhen) {}

  /// The same plan when its files have been committed on top of head.
  ///
  /// @param commit 40 hex digits
  public PlanReport committed(String commit) {
    return new PlanReport(
        base,
        commit,
        projectDir,
        seal,
        plan,
        files.stream()
            .map(f -> new FileStatus(f.path(), f.mode(), Presence.CURRENT, f.sha256()))
            .toList(),
        flows,
        steps.stream().filter(s -> !s.id().equals("generate")).toList());
  }

  /// The same with another view on the plan, such as one with a workspace's figures.
  public PlanReport showing(Plan other, List<Step> left) {
    return new PlanReport(base, head, projectDir, seal, other, files, flows, left);
  }

  /// Every generated file is there as it should be.
  public boolean generated() {
    return files.stream().allMatch(f -> f.status() == Presence.CURRENT);
  }

  /// What people should know, the obstacles first.
  public List<Problem> findings() {
    return Stream.concat(plan.obstacles().stream(), warnings().stream()).toList();
  }

  /// What people should know and doesn't stop anything; without what an obstacle says already.
  public List<Problem> warnings() {
    return plan.warnings().stream()
        .filter(w ->
            plan.obstacles().stream()
                .noneMatch(o ->
                    o.code().equals(w.code())
                        && o.place().equals(w.place())
                        && o.message().equals(w.message())))
        .toList();
  }
}
