package dev.backfill.plan;

import dev.backfill.change.JudgedChange;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The sealed core of a plan: what `deploy/<version>/plan.json` holds. No commit id, time, status,
/// evidence or step is in it, so squash, rebase and merge queue leave it equal.
///
/// @param schemaVersion of this document
/// @param rules version of the change rules that made it
/// @param flavour `classic`
/// @param version folder under `deploy/`
/// @param workspace name of the workspace it is meant for; empty when not known
/// @param changes what differs in what is migrated, without lines (0)
/// @param migrations in the order they depend on each other
/// @param forkedPipes plain Pipes that forks read through, in the order they depend on each other
/// @param cutover when T lies
/// @param limits how `run` behaves
/// @param files generated files (not `plan.json` itself)
public record PlanCore(
    int schemaVersion,
    String rules,
    String flavour,
    String version,
    Optional<String> workspace,
    List<JudgedChange> changes,
    List<Migration> migrations,
    List<ForkedPipe> forkedPipes,
    Cutover cutover,
    Limits limits,
    List<Generated> files) {

  public PlanCore {
    changes = List.copyOf(changes);
    migrations = List.copyOf(migrations);
    forkedPipes = List.copyOf(forkedPipes);
    files = List.copyOf(files);
  }

  /// A core without plain Pipes to fork.
  public PlanCore(
      int schemaVersion,
      String rules,
      String flavour,
      String version,
      Optional<String> workspace,
      List<JudgedChange> changes,
      List<Migration> migrations,
      Cutover cutover,
      Limits limits,
      List<Generated> files) {
    this(
        schemaVersion,
        rules,
        flavour,
        version,
        workspace,
        changes,
        migrations,
        List.of(),
        cutover,
        limits,
        files);
  }

  /// How `run` behaves; meanings as in `dev.backfill.config.Settings`.
  public record Limits(
      Duration margin,
      Duration settle,
      Duration maxLateness,
      long rehearsalRows,
      int jobsAtOnce,
      long chunkRows,
      Duration lease,
      Duration poll) {}

  /// A generated file.
  ///
  /// @param path relative to the project
  /// @param mode `100644` or `100755`
  /// @param sha256 lower-case hex of its bytes
  public record Generated(String path, String mode, String sha256) {}

  /// The migrations that bring their own rows; a view target that the diff changes itself is still
  /// filled by a fork and isn't one of them.
  public List<Migration> direct() {
    return migrations.stream().filter(m -> m.liveFeed().kind() != Feed.Live.Kind.FORK).toList();
  }

  /// The migrations of view targets that are cut at a bucket, in the order they depend on each
  /// other.
  public List<Migration> seamed() {
    return migrations.stream().filter(m -> m.seam().isPresent()).toList();
  }

  /// The migrations whose forks hang, at any depth, from this target and are filled by what fills
  /// it.
  public List<Migration> forksOf(String target) {
    var out = new java.util.ArrayList<Migration>();
    for (var m : migrations) {
      if (m.liveFeed().kind() == Feed.Live.Kind.FORK
          && m.seam().isEmpty()
          && m.trigger().equals(target)) {
        out.add(m);
        out.addAll(forksOf(m.target()));
      }
    }
    return out;
  }

  /// The same with fewer migrations.
  public PlanCore without(java.util.function.Predicate<Migration> these) {
    return withMigrations(migrations.stream().filter(these.negate()).toList());
  }

  PlanCore withMigrations(List<Migration> others) {
    return new PlanCore(
        schemaVersion,
        rules,
        flavour,
        version,
        workspace,
        changes,
        others,
        forkedPipes,
        cutover,
        limits,
        files);
  }

  public PlanCore withFiles(List<Generated> generated) {
    return new PlanCore(
        schemaVersion,
        rules,
        flavour,
        version,
        workspace,
        changes,
        migrations,
        forkedPipes,
        cutover,
        limits,
        generated);
  }
}
