package dev.backfill.plan;

import dev.backfill.change.Derivation;
import dev.backfill.change.Flow;
import dev.backfill.change.Judgement;
import dev.backfill.change.Ttl;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import dev.backfill.sql.Quote;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Trigger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Plans the migration of a Materialized View's target: by a fork, a seam or a replay.
final class ViewPlanner {
  /// Functions that give another answer when a query is run again later.
  static final Pattern NOT_REPLAYABLE =
      Pattern.compile(
          "now|now64|nowinblock|today|yesterday|current_timestamp|rand\\w*|generate\\w*|uuid\\w*"
              + "|dictget\\w*|dicthas|joinget\\w*|rownumber\\w*|runningdifference\\w*|neighbor"
              + "|blocknumber|fuzzbits|hostname|version|serveruuid");

  private final Draft draft;
  private final PlanRequest request;
  private final Project base;
  private final Project head;
  private final Flow flow;
  private final Judgement judgement;
  private final Names names;
  private final Map<String, String> targets;
  private final Map<String, String> pipeForks;
  private final Map<String, Migration> migrations;
  private final Map<String, List<String>> evidence;
  private final List<Problem> warnings;
  private final List<Problem> obstacles;

  ViewPlanner(Draft draft) {
    this.draft = draft;
    request = draft.request;
    base = draft.base;
    head = draft.head;
    flow = draft.flow;
    judgement = draft.judgement;
    names = draft.names;
    targets = draft.targets;
    pipeForks = draft.pipeForks;
    migrations = draft.migrations;
    evidence = draft.evidence;
    warnings = draft.warnings;
    obstacles = draft.obstacles;
  }

  /// One view that fills a target.
  ///
  /// @param from the table whose inserts start it
  /// @param onTwin that table is versioned, so the fork hangs from its new version
  /// @param query its SELECT over what the fork reads, self-contained
  private record Way(Pipe view, String from, boolean onTwin, Optional<String> query) {}

  Migration view(String source) {
    var before = base.dataSource(source).orElseThrow();
    var after = draft.definition(source);
    var target = draft.target(source);
    var ways = draft.views(source).stream().map(this::way).toList();
    var view = ways.getFirst().view();
    var said = new ArrayList<String>();
    evidence.put(source, said);
    ways.forEach(w -> said.add("%s fills it from %s.".formatted(w.view().name(), w.from())));
    var live = new Feed.Live(Feed.Live.Kind.FORK, draft.pipeName(source, true, view.name(), true));
    for (var way : ways) {
      if (way.query().isEmpty()) {
        draft.notEmitted(
            after, "The query of " + way.view().name() + " can't be written out as one.", "");
      }
      stateTypes(way, after);
      if (way.view().nodes().stream().anyMatch(Node::template)) {
        draft.notEmitted(
            after, way.view().name() + " is a template, which can't be forked yet.", "");
      }
    }
    var kind = history(before, after, ways, said);
    var history =
        switch (kind) {
          case FORK -> new Feed.History(kind, live.pipe());
          default ->
              new Feed.History(kind, draft.pipeName(source, false, "backfill_" + target, false));
        };
    var seam = Optional.<Seam>empty();
    if (kind != Feed.History.Kind.FORK) {
      seam = seam(after, ways, live.pipe());
      seamed(before, after, kind, seam, ways, said);
    }
    var lastWins = Reduction.lastWins(after);
    if (after.engine().orderDependent() || !lastWins.isEmpty()) {
      obstacles.add(
          Problem.error(
              "order_dependent_engine",
              after.place(),
              source
                  + " keeps what was inserted last"
                  + (lastWins.isEmpty() ? "" : " in " + String.join(", ", lastWins))
                  + ", and history is copied after newer rows.",
              "Use a state that carries its own order, like argMax, or an ENGINE_VER."));
    }
    var arbitrary = Reduction.notCompared(after);
    if (!arbitrary.isEmpty()) {
      warnings.add(
          Problem.warning(
              "columns_not_compared",
              after.place(),
              "%s of %s hold whichever value came first, so the proof leaves them out."
                  .formatted(String.join(", ", arbitrary), source),
              ""));
    }
    return new Migration(
        source,
        target,
        draft.cause(source),
        Scenario.STREAMING_TIMESTAMP,
        live,
        history,
        ways.getFirst().onTwin() ? draft.target(ways.getFirst().from()) : ways.getFirst().from(),
        Optional.empty(),
        seam.isPresent() ? ownColumns(after) : List.of(),
        after.engine().family(),
        after.engine().sortingKey(),
        after.engine().partitionKey(),
        draft.commonTtl(before, after),
        switch (kind) {
          case SEAM -> Optional.of(rowsOf(source, after));
          case REPLAY -> replayed(after, ways);
          default -> ways.getFirst().query();
        },
        Reduction.of(after),
        seam,
        draft.files(source, live, history, seam));
  }

  private void stateTypes(Way way, DataSource target) {
    var before = base.dataSource(way.from());
    var now =
        way.onTwin() ? Optional.of(draft.definition(way.from())) : head.dataSource(way.from());
    if (before.isPresent() && now.isPresent() && way.query().isPresent()) {
      var states = new StateTypes(flow, before.get(), now.get(), target);
      obstacles.addAll(states.of(way.view(), way.query().get()));
    }
  }

  private Way way(Pipe view) {
    var from = flow.origin(view).map(Flow.Origin::table).orElse("");
    return new Way(view, from, targets.containsKey(from), flow.inlined(view, targets));
  }

  private static List<Projected> ownColumns(DataSource d) {
    return d.columns().stream()
        .filter(Column::insertable)
        .map(c -> new Projected(c.name(), Quote.identifier(c.name()), c.type().text()))
        .toList();
  }

  private static String rowsOf(String table, DataSource shape) {
    var columns =
        shape.columns().stream()
            .filter(Column::insertable)
            .map(c -> Quote.identifier(c.name()))
            .toList();
    return "SELECT " + String.join(", ", columns) + " FROM " + Quote.identifier(table);
  }

  /// What the views give over all their rows, in the target's columns and types.
  private Optional<String> replayed(DataSource after, List<Way> ways) {
    var out = new ArrayList<String>();
    for (var way : ways) {
      if (way.query().isEmpty()) {
        return Optional.empty();
      }
      out.add(shaped(after, flow.outputs(way.view()), way.query().get()));
    }
    return Optional.of(String.join(" UNION ALL ", out));
  }

  /// A query in the columns and types of the Data Source that it fills.
  static String shaped(DataSource after, Optional<List<String>> outputs, String query) {
    var columns = new ArrayList<String>();
    for (var column : after.columns()) {
      if (!column.insertable()) {
        continue;
      }
      var name = Quote.identifier(column.name());
      var type = Quote.literal(column.type().text());
      if (outputs.filter(o -> !o.contains(column.name())).isPresent()) {
        columns.add("defaultValueOfTypeName(" + type + ") AS " + name);
      } else if (column.type().isAggregateState() || column.type().isSimpleAggregate()) {
        columns.add(name);
      } else {
        columns.add("CAST(" + name + ", " + type + ") AS " + name);
      }
    }
    // on a line of its own, because the query may end with a comment
    return "SELECT " + String.join(", ", columns) + " FROM (" + query + "\n)";
  }

  private Feed.History.Kind history(
      DataSource before, DataSource after, List<Way> ways, List<String> said) {
    var sameColumns = columns(before).equals(columns(after));
    var changed = ways.stream().anyMatch(w -> queryChanged(w.view()));
    for (var way : ways) {
      var why = cantBeRunAgain(way);
      if (why.isPresent() && sameColumns) {
        said.add(
            why.get() + ", so buckets before the cutover are copied from " + before.name() + ".");
        return Feed.History.Kind.SEAM;
      }
      if (why.isPresent()) {
        said.add(
            why.get() + ", and its columns change, so its history is made again by the new query.");
        replayDiffers(before, after, way, why.get());
        return Feed.History.Kind.REPLAY;
      }
    }
    var single = ways.getFirst();
    if (ways.size() == 1 && single.onTwin()) {
      if (sameColumns
          && !changed
          && outlives(before, base.dataSource(single.from())).isPresent()
          && seam(after, ways, "").isPresent()) {
        said.add(outlives(before, base.dataSource(single.from())).orElseThrow());
        said.add("So buckets before the cutover are copied from " + before.name() + ".");
        return Feed.History.Kind.SEAM;
      }
      lossOf(before, base.dataSource(single.from()), said);
      said.add(
          "The copies that fill "
              + draft.target(single.from())
              + " fill it too, through "
              + single.view().name()
              + "'s fork.");
      return Feed.History.Kind.FORK;
    }
    if (sameColumns && !changed) {
      said.add("Its columns and query stay, so its own rows are copied.");
      return Feed.History.Kind.SEAM;
    }
    for (var way : ways) {
      lossOf(before, base.dataSource(way.from()), said);
      said.add(
          judgement.versioned().contains(before.name())
              ? "Its columns or query change, so the query runs again over " + way.from() + "."
              : "The query runs again over " + way.from() + ".");
    }
    return Feed.History.Kind.REPLAY;
  }

  private Optional<String> cantBeRunAgain(Way way) {
    if (keepsNothing(way)) {
      return Optional.of(way.from() + " keeps no rows");
    }
    return notReplayable(way.query().orElse(""))
        .map(why -> way.view().name() + " can't be run again: " + why);
  }

  private boolean keepsNothing(Way way) {
    return base.dataSource(way.from()).filter(d -> d.engine().family().equals("Null")).isPresent();
  }

  private void replayDiffers(DataSource before, DataSource after, Way way, String why) {
    if (keepsNothing(way)) {
      draft.refused = true;
      obstacles.add(
          Problem.error(
              "history_lost",
              after.place(),
              why
                  + ", and its columns change: the rows in "
                  + before.name()
                  + " can't be made again.",
              "Keep the columns, or name another history."));
    } else {
      warnings.add(
          Problem.warning(
              "replay_differs",
              after.place(),
              why + "; a replay gives other rows than those that are there.",
              ""));
    }
  }

  /// The first time column of the target that every view makes of one column of its trigger.
  private Optional<Seam> seam(DataSource after, List<Way> ways, String firstFork) {
    for (var column : after.columns()) {
      var type = column.type().time();
      if (!column.insertable()
          || type.isEmpty()
          || !column.type().equals(column.type().bare())
          || (!after.engine().family().equals("MergeTree") && !Reduction.isKey(after, column))) {
        continue;
      }
      var feeders = new ArrayList<Seam.Feeder>();
      for (var way : ways) {
        var fork = feeders.isEmpty() ? firstFork : "";
        feeder(way, column.name(), fork).ifPresent(feeders::add);
      }
      if (feeders.size() == ways.size()) {
        return Optional.of(
            new Seam(
                column.name(),
                column.type().text(),
                type.get(),
                firstFork.isEmpty() ? feeders : named(after.name(), feeders),
                Repair.possible(after)));
      }
    }
    return Optional.empty();
  }

  private Optional<Seam.Feeder> feeder(Way way, String bucket, String fork) {
    var derived = Derivation.of(flow, way.view(), bucket);
    var trigger =
        way.onTwin() ? Optional.of(draft.definition(way.from())) : head.dataSource(way.from());
    var column = derived.flatMap(d -> trigger.flatMap(t -> t.column(d.column())));
    var time = column.flatMap(c -> c.type().time());
    if (derived.isEmpty()
        || time.isEmpty()
        || way.query().flatMap(Trigger::of).isEmpty()
        || writtenEntry(way.view(), derived.get().entry()).isEmpty()) {
      return Optional.empty();
    }
    var entry = derived.get().entry();
    return Optional.of(
        new Seam.Feeder(
            way.view().name(),
            fork,
            way.onTwin()
                ? targets.getOrDefault(entry, pipeForks.getOrDefault(entry, entry))
                : entry,
            derived.get().overEntry(),
            way.onTwin() ? draft.target(way.from()) : way.from(),
            derived.get().column(),
            column.orElseThrow().type().text(),
            time.get(),
            derived.get().overTable(),
            way.query().orElseThrow()));
  }

  /// The node whose text names the entry where its query begins: there the cut is put.
  private static Optional<Node> writtenEntry(Pipe view, String entry) {
    return view.nodes().stream()
        .filter(n -> Trigger.of(n.sql()).filter(r -> r.name().equals(entry)).isPresent())
        .findFirst();
  }

  private List<Seam.Feeder> named(String source, List<Seam.Feeder> feeders) {
    var out = new ArrayList<Seam.Feeder>();
    for (var f : feeders) {
      var bound =
          request.committed().stream()
              .flatMap(c -> c.migrations().stream())
              .filter(m -> m.source().equals(source))
              .flatMap(m -> m.seam().stream())
              .flatMap(seam -> seam.feeders().stream())
              .filter(o -> o.view().equals(f.view()))
              .map(Seam.Feeder::fork)
              .filter(n -> f.fork().isEmpty() && names.take(n))
              .findFirst();
      var fork = f.fork().isEmpty() ? bound.orElseGet(() -> names.version(f.view())) : f.fork();
      out.add(
          new Seam.Feeder(
              f.view(),
              fork,
              f.entry(),
              f.bucket(),
              f.trigger(),
              f.cut(),
              f.cutType(),
              f.time(),
              f.cutBucket(),
              f.query()));
    }
    return out;
  }

  private void seamed(
      DataSource before,
      DataSource after,
      Feed.History.Kind kind,
      Optional<Seam> seam,
      List<Way> ways,
      List<String> said) {
    var family = after.engine().family();
    if (!List.of("MergeTree", "AggregatingMergeTree", "SummingMergeTree").contains(family)) {
      draft.notEmitted(
          after,
          "%s needs its history by %s, which can't be written for %s yet."
              .formatted(before.name(), kind, family),
          "");
    }
    if (seam.isEmpty()) {
      obstacles.add(
          Problem.error(
              "no_bucket",
              after.place(),
              "%s needs its history by %s, and no %s of it is made of one time column by %s alone."
                  .formatted(
                      before.name(),
                      kind,
                      family.equals("MergeTree") ? "time column" : "time column in its key",
                      String.join(", ", ways.stream().map(w -> w.view().name()).toList())),
              "Give the target a bucket like `toDate(timestamp) AS day`, or do this one by hand."));
      return;
    }
    for (var way : ways) {
      var landing = migrations.get(way.from());
      if (landing != null && landing.scenario() == Scenario.MOVE_INGESTION) {
        obstacles.add(
            Problem.error(
                "seam_behind_moved_producers",
                after.place(),
                "%s takes older buckets from %s, and producers that write to %s already would leave those of today incomplete there."
                    .formatted(draft.target(before.name()), before.name(), landing.target()),
                "Choose another scenario for " + way.from() + " in backfill.yml."));
      } else if (landing != null) {
        warnings.add(
            Problem.warning(
                "seam_before_producers_move",
                after.place(),
                "The fork of %s takes later buckets only. Rows of older ones that producers write to %s themselves would pass it by."
                    .formatted(way.view().name(), landing.target()),
                "Let the producers move last, when max-lateness after the cutover is over: `backfill status` says when, and `cleanup` counts what passed it by."));
      }
    }
    said.add("It is cut at its `%s` %s.".formatted(seam.get().column(), seam.get().columnType()));
    if (!seam.get().repairable()) {
      warnings.add(
          Problem.warning(
              "late_rows_not_repairable",
              after.place(),
              "Rows that arrive late for a bucket of %s that is copied already can't be added to it, because not all of its columns can be raised."
                  .formatted(draft.target(before.name())),
              "Its copies wait for max-lateness (backfill.yml); raise it if rows come later than that."));
    }
  }

  private boolean queryChanged(Pipe view) {
    var was = base.pipe(view.name()).flatMap(p -> Flow.of(base).meaning(p));
    return was.isEmpty() || !was.equals(flow.meaning(view));
  }

  private static List<String> columns(DataSource d) {
    return d.columns().stream().map(c -> c.name() + " " + c.type()).sorted().toList();
  }

  /// Why a query gives other rows when it runs again; empty when it doesn't.
  private static Optional<String> notReplayable(String query) {
    var tables = TablesRead.of(query);
    var function =
        tables.functions().stream().filter(f -> NOT_REPLAYABLE.matcher(f).matches()).findFirst();
    if (function.isPresent()) {
      return Optional.of("it calls " + function.get() + "()");
    }
    if (tables.joins()) {
      return Optional.of("it joins");
    }
    if (tables.scalarSubqueries()) {
      return Optional.of("it looks something up in a subquery");
    }
    if (tables.unions()) {
      return Optional.of("it combines queries, of which only the first is triggered");
    }
    return tables.dynamic().isEmpty()
        ? Optional.empty()
        : Optional.of("it reads " + String.join(", ", tables.dynamic()));
  }

  /// That the origin forgets what the target still knows, by their TTLs.
  private static Optional<String> outlives(DataSource target, Optional<DataSource> origin) {
    var sourceTtl = origin.flatMap(d -> d.engine().ttl());
    if (sourceTtl.isEmpty()) {
      return Optional.empty();
    }
    var keeps = sourceTtl.flatMap(Ttl::seconds);
    if (target.engine().ttl().filter(t -> Ttl.keepsAtLeast(sourceTtl.get(), t)).isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        "%s keeps rows for %s only (TTL %s), and %s %s; history older than that isn't made again."
            .formatted(
                origin.orElseThrow().name(),
                keeps.map(s -> s / 86_400 + " days").orElse("some time"),
                sourceTtl.get(),
                target.name(),
                target.engine().ttl().map(t -> "has TTL " + t).orElse("keeps them for ever")));
  }

  private void lossOf(DataSource target, Optional<DataSource> origin, List<String> said) {
    var message = outlives(target, origin);
    if (message.isEmpty()) {
      return;
    }
    said.add(message.get());
    if (!request.settings().of(target.name()).accept().contains("history_outlives_origin")) {
      var advice =
          "Accept it in backfill.yml: `datasources: {"
              + target.name()
              + ": {accept: [history_outlives_origin]}}`.";
      warnings.add(
          Problem.warning("history_outlives_origin", target.place(), message.get(), advice));
      // Whoever switches readers to the fork would lose it: that is for a person to say.
      obstacles.add(
          Problem.error("history_outlives_origin", target.place(), message.get(), advice));
    }
  }
}
