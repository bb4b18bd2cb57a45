package dev.backfill.run;

import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Ticks;
import dev.backfill.project.TimeType;
import dev.backfill.sql.Quote;
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
import java.util.stream.Stream;

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
  /// @param line where the rows of the sync pipe begin; empty when nothing separates them
  record Ready(Migration migration, List<Migration> forks, Optional<Line> line) {
    /// T as a tick, where there is one.
    long cutover() {
      return line.orElseThrow().tick();
    }

    Optional<Instant> cutoverInstant() {
      return line.map(Line::instant);
    }
  }

  /// T, read from the live sync pipe.
  ///
  /// @param type of the ticks: the source's column's, or seconds for the moment of insertion
  /// @param syncSince since when the sync pipe has been what it is
  record Line(TimeType type, long tick, Instant syncSince) {
    Instant instant() {
      return Ticks.instant(type, tick);
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

  /// Whether every feed of the plan has been taken away again, and the rows are in its targets: the
  /// clean-up has come so far.
  boolean past(PlanCore core) {
    var moved = Stream.concat(core.direct().stream(), core.seamed().stream()).toList();
    return !moved.isEmpty() && moved.stream().allMatch(this::past);
  }

  private boolean past(Migration migration) {
    var target = migration.target();
    var feeds =
        Stream.of(
                migration.liveFeed().kind() == Feed.Live.Kind.SYNC
                    ? migration.liveFeed().pipe()
                    : "",
                migration.historyFeed().kind() == Feed.History.Kind.FORK
                    ? ""
                    : migration.historyFeed().pipe())
            .filter(name -> !name.isEmpty())
            .toList();
    return feeds.stream().allMatch(name -> watch.read(target, () -> tinybird.pipe(name)).isEmpty())
        && watch.read(target, () -> tinybird.dataSource(target)).isPresent()
        && (!feeds.isEmpty()
            || watch.read(target, () -> tinybird.dataSource(migration.source())).isEmpty())
        && watch
                .read(
                    target,
                    () -> tinybird.query("SELECT count() AS n FROM " + Quote.identifier(target)))
                .only()
                .number("n")
            > 0;
  }

  private Optional<Ready> look(Migration migration, List<Migration> forks, List<String> reasons) {
    var before = reasons.size();
    var target = migration.target();
    if (!runnable(migration)) {
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
    if (migration.historyFeed().kind() == Feed.History.Kind.COPY
        && !migration.engine().equals("MergeTree")
        && !migration.keyed()) {
      reasons.add(
          target
              + ": a target with engine "
              + migration.engine()
              + " merges rows, so what a copy brought can't be told apart yet");
    }
    migration
        .timestamp()
        .flatMap(CutColumn::incomparable)
        .ifPresent(why -> reasons.add(target + ": " + why));
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
    var line =
        switch (migration.liveFeed().kind()) {
          case SYNC -> line(migration, live, reasons);
          case FORK, PRODUCERS, NONE -> Optional.<Line>empty();
        };
    switch (migration.historyFeed().kind()) {
      case COPY, POPULATE -> {
        var copy = migration.historyFeed().pipe();
        if (watch.read(target, () -> tinybird.pipe(copy)).isEmpty()) {
          reasons.add("the copy pipe " + copy + " isn't in the workspace; deploy first");
        }
      }
      case FORK, SEAM, REPLAY, NONE -> {}
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
    return Optional.of(new Ready(migration, forks, line));
  }

  private static boolean runnable(Migration migration) {
    var history = migration.historyFeed().kind();
    return switch (migration.liveFeed().kind()) {
      case SYNC ->
          switch (history) {
            case COPY, POPULATE -> true;
            case FORK, SEAM, REPLAY, NONE -> false;
          };
      case PRODUCERS ->
          switch (migration.scenario()) {
            case NOT_PRODUCTION, RELOAD -> history == Feed.History.Kind.NONE;
            case FULL_REPLACEMENT, MOVE_INGESTION, KAFKA_TWIN -> history == Feed.History.Kind.COPY;
            case STREAMING_TIMESTAMP, POPULATE, DELTA -> false;
          };
      case FORK, NONE -> false;
    };
  }

  /// What the live sync pipe says about T; empty, with a reason, when it doesn't.
  private Optional<Line> line(
      Migration migration, Map<String, LiveDataSource> live, List<String> reasons) {
    var pipe = linked(migration.liveFeed().pipe(), migration.target(), live, reasons);
    var type = migration.cutType();
    if (pipe.isEmpty() || type.isEmpty()) {
      return Optional.empty();
    }
    var what = border(migration);
    var tick = cutover(pipe.get(), what.pattern(), type.get());
    if (tick.isEmpty()) {
      reasons.add(
          "the live pipe "
              + migration.liveFeed().pipe()
              + " doesn't say where the cutover lies: `"
              + what.text()
              + " >= "
              + Ticks.sql(type.get(), "'...'")
              + "` must stand in it once");
    }
    var sync = pipe.get();
    var since = sync.updatedAt().isAfter(sync.createdAt()) ? sync.updatedAt() : sync.createdAt();
    return tick.map(t -> new Line(type.get(), t, since));
  }

  /// T as a live sync pipe says it.
  static Optional<Instant> cutover(LivePipe sync, Migration migration) {
    return migration
        .cutType()
        .flatMap(type ->
            cutover(sync, border(migration).pattern(), type).map(t -> Ticks.instant(type, t)));
  }

  /// What is compared with T in the sync pipe.
  private record Compared(String text, String pattern) {}

  private static Compared border(Migration migration) {
    return switch (migration.border()) {
      case TIMESTAMP -> {
        var column = migration.timestamp().orElseThrow().column();
        var name = Pattern.quote(column);
        yield new Compared(
            column, "(?:`" + name + "`|\"" + name + "\"|(?<![A-Za-z0-9_`\".])" + name + ")");
      }
      case ARRIVAL -> new Compared("now()", "(?<![A-Za-z0-9_`\".])now\\(\\s*\\)");
      case NONE -> throw new IllegalStateException(migration.target() + " has no cutover");
    };
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
      reasons.add(unlinked(pipe, target));
      return Optional.empty();
    }
    return found;
  }

  /// What is wrong with a Pipe that feeds nothing, and what to do.
  static String unlinked(String pipe, String target) {
    return "the pipe %s doesn't feed %s (its node is unlinked): remove it with tb pipe rm %s --yes, run deploy.sh again, then this"
        .formatted(pipe, target, pipe);
  }

  /// T as the live pipe says it; empty when it doesn't say it exactly once.
  static Optional<Long> cutover(LivePipe sync, String compared, TimeType type) {
    var call = Ticks.sql(type, "\u0000").split("\u0000", -1);
    var pattern =
        Pattern.compile(
            compared + "\\s*>=\\s*" + loose(call[0]) + "'([0-9][0-9 :.\\-]*)'" + loose(call[1]));
    var found = new TreeSet<Long>();
    for (var node : sync.nodes()) {
      var matcher = pattern.matcher(node.sql());
      while (matcher.find()) {
        try {
          found.add(Ticks.parse(type, matcher.group(1)));
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
