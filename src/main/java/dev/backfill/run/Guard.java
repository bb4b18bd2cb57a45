package dev.backfill.run;

import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Ticks;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Looks at the workspace before anything is done: only what is there and ours is worked on.
final class Guard {
  private final Tinybird tinybird;
  private final Watch watch;

  Guard(Tinybird tinybird, Watch watch) {
    this.tinybird = tinybird;
    this.watch = watch;
  }

  /// A target that may be worked on.
  ///
  /// @param cutover T as a tick of the source's column, read from the live sync pipe
  /// @param syncSince since when the sync pipe has been what it is
  record Ready(Migration migration, List<Migration> forks, long cutover, Instant syncSince) {
    Instant cutoverInstant() {
      return Ticks.instant(migration.timestamp().orElseThrow().type(), cutover);
    }
  }

  /// @param reasons why not, for the targets that may not
  /// @param seams targets of views that are cut at a bucket
  record Findings(List<Ready> ready, List<Seams.Ready> seams, List<String> reasons) {}

  /// @param branch whether a branch is expected, or the main workspace
  Findings look(PlanCore core, boolean branch) {
    var reasons = new ArrayList<String>();
    var workspace = watch.read("", tinybird::workspace);
    if (workspace.main().isPresent() != branch) {
      reasons.add(
          branch
              ? "the token is for " + workspace.name() + ", which isn't a branch"
              : "the token is for the branch "
                  + workspace.name()
                  + "; a run needs one for the main workspace");
    }
    if (!branch) {
      core.workspace()
          .filter(name -> !name.equals(workspace.name()))
          .ifPresent(name ->
              reasons.add(
                  "the plan is for the workspace "
                      + name
                      + ", the token is for "
                      + workspace.name()));
    }
    var ready = new ArrayList<Ready>();
    if (core.direct().isEmpty() && core.seamed().isEmpty()) {
      reasons.add("the plan has no migration");
    }
    if (reasons.isEmpty()) {
      for (var migration : core.direct()) {
        look(migration, core.forksOf(migration.target()), reasons).ifPresent(ready::add);
      }
      var covered = new TreeSet<String>();
      core.direct().forEach(m -> core.forksOf(m.target()).forEach(f -> covered.add(f.target())));
      core.seamed()
          .forEach(m -> {
            covered.add(m.target());
            core.forksOf(m.target()).forEach(f -> covered.add(f.target()));
          });
      for (var migration : core.migrations()) {
        if (migration.liveFeed().kind() == Feed.Live.Kind.FORK
            && !covered.contains(migration.target())) {
          reasons.add(
              migration.target()
                  + " hangs from "
                  + migration.trigger()
                  + ", which this plan doesn't fill");
        }
      }
    }
    var seams =
        reasons.isEmpty() ? new Seams(tinybird, watch).look(core, reasons) : List.<Seams.Ready>of();
    return reasons.isEmpty()
        ? new Findings(ready, seams, reasons)
        : new Findings(List.of(), List.of(), reasons);
  }

  private Optional<Ready> look(Migration migration, List<Migration> forks, List<String> reasons) {
    var before = reasons.size();
    var target = migration.target();
    if (migration.scenario() != Scenario.STREAMING_TIMESTAMP
        || migration.timestamp().isEmpty()
        || migration.liveFeed().kind() != Feed.Live.Kind.SYNC
        || migration.historyFeed().kind() != Feed.History.Kind.COPY) {
      reasons.add(
          target
              + ": the scenario "
              + migration.scenario()
              + " (live by "
              + migration.liveFeed().kind()
              + ", history by "
              + migration.historyFeed().kind()
              + ") can't be run yet");
      return Optional.empty();
    }
    if (!migration.engine().equals("MergeTree")) {
      reasons.add(
          target
              + ": a target with engine "
              + migration.engine()
              + " merges rows, so what a copy brought can't be told apart yet");
    }
    var cut = migration.timestamp().orElseThrow();
    cut.incomparable().ifPresent(why -> reasons.add(target + ": " + why));
    var live = new HashMap<String, LiveDataSource>();
    for (var name : List.of(migration.source(), target)) {
      watch
          .read(target, () -> tinybird.dataSource(name))
          .ifPresentOrElse(
              d -> live.put(name, d),
              () ->
                  reasons.add("the Data Source " + name + " isn't in the workspace; deploy first"));
    }
    Optional.ofNullable(live.get(target)).ifPresent(d -> columns(migration, d, reasons));
    var sync = linked(migration.liveFeed().pipe(), target, live, reasons);
    var tick = sync.flatMap(s -> cutover(s, cut));
    if (sync.isPresent() && tick.isEmpty()) {
      reasons.add(
          "the live pipe "
              + migration.liveFeed().pipe()
              + " doesn't say where the cutover lies: `"
              + cut.column()
              + " >= "
              + Ticks.sql(cut.type(), "'...'")
              + "` must stand in it once");
    }
    if (watch.read(target, () -> tinybird.pipe(migration.historyFeed().pipe())).isEmpty()) {
      reasons.add(
          "the copy pipe "
              + migration.historyFeed().pipe()
              + " isn't in the workspace; deploy first");
    }
    for (var fork : forks) {
      if (fork.historyFeed().kind() != Feed.History.Kind.FORK) {
        reasons.add(
            fork.target() + ": history by " + fork.historyFeed().kind() + " can't be run yet");
        continue;
      }
      watch
          .read(target, () -> tinybird.dataSource(fork.target()))
          .ifPresentOrElse(
              d -> live.put(fork.target(), d),
              () -> reasons.add("the Data Source " + fork.target() + " isn't in the workspace"));
      // Before the first row is copied: what a fork misses then can't be brought by copying again.
      linked(fork.liveFeed().pipe(), fork.target(), live, reasons);
    }
    if (reasons.size() > before) {
      return Optional.empty();
    }
    var pipe = sync.orElseThrow();
    var since = pipe.updatedAt().isAfter(pipe.createdAt()) ? pipe.updatedAt() : pipe.createdAt();
    return Optional.of(new Ready(migration, forks, tick.orElseThrow(), since));
  }

  private static void columns(Migration migration, LiveDataSource live, List<String> reasons) {
    var types = new HashMap<String, String>();
    live.columns().forEach(c -> types.put(c.name(), c.type()));
    for (var column : migration.projection()) {
      var type = types.get(column.column());
      if (type == null) {
        reasons.add(
            live.name() + " has no column " + column.column() + "; another deploy changed it");
      } else if (!squeeze(type).equals(squeeze(column.type()))) {
        reasons.add(
            live.name()
                + "."
                + column.column()
                + " is "
                + type
                + ", the plan says "
                + column.type());
      }
    }
  }

  private static String squeeze(String type) {
    return type.replaceAll("\\s+", "");
  }

  /// The Pipe, when one of its nodes feeds the target.
  private Optional<LivePipe> linked(
      String pipe, String target, Map<String, LiveDataSource> live, List<String> reasons) {
    var found = watch.read(target, () -> tinybird.pipe(pipe));
    if (found.isEmpty()) {
      reasons.add("the pipe " + pipe + " isn't in the workspace; deploy first");
      return Optional.empty();
    }
    var data = Optional.ofNullable(live.get(target));
    if (data.isPresent()
        && found.get().nodes().stream()
            .noneMatch(n ->
                n.materialized()
                    .filter(m -> m.equals(data.get().id()) || m.equals(target))
                    .isPresent())) {
      reasons.add("the pipe " + pipe + " doesn't feed " + target + " (its node is unlinked)");
      return Optional.empty();
    }
    return found;
  }

  /// T as the live pipe says it; empty when it doesn't say it exactly once.
  static Optional<Long> cutover(LivePipe sync, CutColumn cut) {
    var name = Pattern.quote(cut.column());
    var call = Ticks.sql(cut.type(), "\u0000").split("\u0000", -1);
    var pattern =
        Pattern.compile(
            "(?:`"
                + name
                + "`|\""
                + name
                + "\"|(?<![A-Za-z0-9_`\".])"
                + name
                + ")\\s*>=\\s*"
                + loose(call[0])
                + "'([0-9][0-9 :.\\-]*)'"
                + loose(call[1]));
    var found = new TreeSet<Long>();
    for (var node : sync.nodes()) {
      var matcher = pattern.matcher(node.sql());
      while (matcher.find()) {
        try {
          found.add(Ticks.parse(cut.type(), matcher.group(1)));
        } catch (DateTimeException e) {
          return Optional.empty();
        }
      }
    }
    return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
  }

  /// The text with any amount of blanks where it has some, or beside its punctuation.
  private static String loose(String text) {
    var out = new StringBuilder();
    for (var piece : text.split("(?<=[(),])|(?=[(),])|\\s+")) {
      if (!piece.isBlank()) {
        out.append("\\s*").append(Pattern.quote(piece));
      }
    }
    return out.append("\\s*").toString();
  }
}
