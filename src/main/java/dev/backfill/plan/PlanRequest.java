package dev.backfill.plan;

import dev.backfill.config.Settings;
import dev.backfill.project.Project;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Everything a plan is made of.
///
/// @param base the project as it was; without our generated files or with those of finished plans
/// @param head the project as the author wrote it: our own generated files of this plan undone
/// @param renames path before to path after, of files that git would report as renamed
/// @param settings of `backfill.yml` at head
/// @param lead overrides the settings' lead
/// @param pinnedCutover T, when the author gave one; whether it is still to come is the caller's
///   question
/// @param committed core of the plan that head holds already; its names and version stay
/// @param takenNames resources of the workspace; empty when nobody asked
/// @param workspace name of the workspace the plan is meant for
/// @param deployVersions names of the folders under `deploy/` in base and head, without the
///   committed core's own
/// @param pullRequest its number, which makes the version a name that no other open one takes
public record PlanRequest(
    Project base,
    Project head,
    Map<String, String> renames,
    Settings settings,
    Optional<Duration> lead,
    Optional<Instant> pinnedCutover,
    Optional<PlanCore> committed,
    Set<String> takenNames,
    Optional<String> workspace,
    Set<String> deployVersions,
    Optional<Integer> pullRequest) {

  public PlanRequest {
    renames = Map.copyOf(renames);
    takenNames = Set.copyOf(takenNames);
    deployVersions = Set.copyOf(deployVersions);
  }

  /// A request without a pull request.
  public PlanRequest(
      Project base,
      Project head,
      Map<String, String> renames,
      Settings settings,
      Optional<Duration> lead,
      Optional<Instant> pinnedCutover,
      Optional<PlanCore> committed,
      Set<String> takenNames,
      Optional<String> workspace,
      Set<String> deployVersions) {
    this(
        base,
        head,
        renames,
        settings,
        lead,
        pinnedCutover,
        committed,
        takenNames,
        workspace,
        deployVersions,
        Optional.empty());
  }

  /// A request for two revisions and nothing else.
  public static PlanRequest of(Project base, Project head) {
    return new PlanRequest(
        base,
        head,
        Map.of(),
        Settings.DEFAULTS,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Set.of(),
        Optional.empty(),
        Set.of());
  }
}
