package dev.backfill.status;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/// What was seen of a plan's resources in its workspace.
///
/// @param workspace its name
/// @param branch whether it is a branch
/// @param asOf by the server's clock
/// @param targets one for each Data Source that brings its own rows
/// @param readers live Pipes that still read an old Data Source of the plan, old views left out
/// @param newReaders live Pipes that read a new version, the plan's own left out
/// @param old old Data Sources of the plan that are still there, targets of old views among them
/// @param oldViews live Pipes that fill old views' targets
/// @param oldLoaders live copy Pipes of the project that fill an old Data Source and whose
///   counterpart fills the new one
/// @param calledPlain plain Pipes that old views read through and that are called by their URL; a
///   switch can't move them while the old views hang from them
/// @param cuts one for each view's target that is cut at a bucket
/// @param unseen what couldn't be asked, one sentence each
public record Facts(
    String workspace,
    boolean branch,
    Instant asOf,
    List<Target> targets,
    List<LiveReader> readers,
    List<LiveReader> newReaders,
    List<String> old,
    List<String> oldViews,
    List<String> oldLoaders,
    List<String> calledPlain,
    List<Cut> cuts,
    List<String> unseen) {

  public Facts {
    targets = List.copyOf(targets);
    readers = List.copyOf(readers);
    newReaders = List.copyOf(newReaders);
    old = List.copyOf(old);
    oldViews = List.copyOf(oldViews);
    oldLoaders = List.copyOf(oldLoaders);
    calledPlain = List.copyOf(calledPlain);
    cuts = List.copyOf(cuts);
    unseen = List.copyOf(unseen);
  }

  /// The same with views as they should be that are as the old ones.
  Facts keepingDeleted() {
    return new Facts(
        workspace,
        branch,
        asOf,
        targets.stream().map(Target::keepingDeleted).toList(),
        readers,
        newReaders,
        old,
        oldViews,
        oldLoaders,
        calledPlain,
        cuts,
        unseen);
  }

  /// A live Pipe that reads an old Data Source.
  ///
  /// @param pipe its name
  /// @param kind `endpoint`, `copy`, `sink`, `materialized`, ...
  /// @param reads the old Data Sources, or the Pipes on them, that it names
  public record LiveReader(String pipe, String kind, List<String> reads) {
    public LiveReader {
      reads = List.copyOf(reads);
    }
  }

  /// A view's target whose older buckets are copied.
  ///
  /// @param there whether the new one is in the workspace
  /// @param backfillThere whether the Pipe that copies them is
  /// @param older what was read of them; empty when that wasn't or couldn't be done, or they aren't
  ///   over yet
  public record Cut(
      String source, String target, boolean there, boolean backfillThere, Optional<Older> older) {

    /// They were read and are as they should be.
    public boolean holds() {
      return older.filter(Older::holds).isPresent();
    }
  }

  /// What was read of a target's older buckets.
  ///
  /// @param holds whether they are as they should be
  /// @param late until when rows may come late that nothing but the backfill Pipe takes
  /// @param passedBy rows of older buckets that producers sent to the new version themselves; its
  ///   view takes later ones only
  public record Older(boolean holds, Instant late, long passedBy) {}

  /// Who brings the rows of a source, so what has to happen before it can go.
  public enum Supply {
    /// Producers append; they have to move, one by one.
    PRODUCERS,
    /// Producers append, and move before anything is copied.
    MOVE_FIRST,
    /// A loader replaces everything; once it loads the new version, the old one is only older.
    LOADER,
    /// Both versions read one Kafka topic, each by itself; nobody moves.
    TOPIC,
    /// Producers append, and nobody needs what is there.
    NOT_NEEDED
  }

  /// One source and its new version.
  ///
  /// @param supply who brings its rows
  /// @param sourceThere whether the old one is still in the workspace
  /// @param targetRows rows of the new one; empty when it isn't there
  /// @param sync the live feed
  /// @param syncPipe its name; empty where the scenario has none
  /// @param backfillPipe name of the history's feed; empty where the scenario has none
  /// @param backfillThere whether that is in the workspace
  /// @param forksMissing forked views that don't feed, by Pipe
  /// @param standing how both sides compare; empty when that wasn't or couldn't be read
  /// @param upheavals what else than appends happened to the source since the sync went live
  /// @param writes who writes where since then
  /// @param leases Pipes that are claims of runs
  public record Target(
      String source,
      String target,
      Supply supply,
      boolean sourceThere,
      Optional<Long> targetRows,
      Sync sync,
      String syncPipe,
      String backfillPipe,
      boolean backfillThere,
      List<String> forksMissing,
      Optional<Standing> standing,
      List<Upheaval> upheavals,
      Writes writes,
      List<Lease> leases) {
    public Target {
      forksMissing = List.copyOf(forksMissing);
      upheavals = List.copyOf(upheavals);
      leases = List.copyOf(leases);
    }

    Target keepingDeleted() {
      return new Target(
          source,
          target,
          supply,
          sourceThere,
          targetRows,
          sync,
          syncPipe,
          backfillPipe,
          backfillThere,
          forksMissing,
          standing.map(Standing::keepingDeleted),
          upheavals,
          writes,
          leases);
    }

    /// Its loader has loaded the new version, so the old one has nothing to be compared with any
    /// more.
    public boolean reloaded() {
      return supply == Supply.LOADER && writes.firstToTarget().isPresent();
    }
  }

  /// The Pipe that carries rows as they arrive.
  public sealed interface Sync {

    /// The plan has none.
    record None() implements Sync {}

    /// It isn't in the workspace.
    record Absent() implements Sync {}

    /// It is there and feeds nothing.
    record Unlinked() implements Sync {}

    /// It feeds the target.
    ///
    /// @param since since when it is what it is
    /// @param cutover T as its text says it; empty when it doesn't say it once, or needs none
    /// @param edited why its text isn't the plan's; empty when it is
    /// @param byArrival whether T is a moment of insertion: history is copied before it
    record Live(
        Instant since, Optional<Instant> cutover, Optional<String> edited, boolean byArrival)
        implements Sync {}
  }

  /// An operation on the source that no copy repeats on the target.
  ///
  /// @param event `delete_data`, `truncate`, `replace`, `alter`, ... as the workspace's log says
  public record Upheaval(Instant at, String event, String dataSource) {

    /// What happened, and what that means for the new version; names between backticks.
    public String told(String target) {
      var when = at.truncatedTo(ChronoUnit.SECONDS);
      return switch (event) {
        case "delete_data" ->
            "rows of `%s` were deleted at %s; repeat it: tb datasource delete %s --sql-condition CONDITION --yes --wait (no view follows, neither an old one nor a new one)"
                .formatted(dataSource, when, target);
        case "truncate" ->
            "`%s` was truncated at %s; nothing is ever deleted from `%s` by us: decide what it should hold"
                .formatted(dataSource, when, target);
        case "replace" ->
            "`%s` was replaced at %s, in part or whole; `%s` may hold the old rows too"
                .formatted(dataSource, when, target);
        case "alter" ->
            "`%s` was altered at %s; `%s` and the Pipes between them may lack what it has now"
                .formatted(dataSource, when, target);
        default ->
            "`%s`: %s at %s, which no copy repeats on `%s`"
                .formatted(dataSource, event, when, target);
      };
    }
  }

  /// Writes by the workspace's log.
  ///
  /// @param lastToSource the last one to the source
  /// @param sourceQuietSince that, or since when the log would know of one; empty when it doesn't
  ///   say
  /// @param firstToTarget the first one to the target that none of our Pipes made
  /// @param rowsToTarget rows they brought
  public record Writes(
      Optional<Instant> lastToSource,
      Optional<Instant> sourceQuietSince,
      Optional<Instant> firstToTarget,
      long rowsToTarget) {
    public static final Writes UNKNOWN =
        new Writes(Optional.empty(), Optional.empty(), Optional.empty(), 0);
  }

  /// A run's claim.
  ///
  /// @param holder who made it
  /// @param until when it runs out; empty when it was released
  public record Lease(String pipe, String holder, Optional<Instant> until) {}
}
