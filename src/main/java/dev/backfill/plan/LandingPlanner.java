package dev.backfill.plan;

import dev.backfill.change.Change;
import dev.backfill.change.Flow;
import dev.backfill.change.Judgement;
import dev.backfill.change.Renames;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Engine;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import dev.backfill.sql.Quote;
import dev.backfill.sql.TablesRead;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Plans the migration of a Data Source that producers, loaders or connectors fill: its scenario,
/// its cutover and what becomes of each column.
final class LandingPlanner {
  private static final String HISTORY_FIRST =
      " bring history first, by hand, through a Data Source that holds what arrives meanwhile: the"
          + " page `scenarios` of the documents has the steps. Or choose `scenario: reload` where a"
          + " loader fills it, or `not_production`.";

  /// Whether rows are copied or compared, so that every column needs a value.
  private boolean converts = true;

  private final Draft draft;
  private final PlanRequest request;
  private final Project base;
  private final Flow flow;
  private final Judgement judgement;
  private final List<Change> changes;
  private final Map<String, List<String>> evidence;
  private final List<Problem> warnings;
  private final List<Problem> obstacles;

  LandingPlanner(Draft draft) {
    this.draft = draft;
    request = draft.request;
    base = draft.base;
    flow = draft.flow;
    judgement = draft.judgement;
    changes = draft.changes;
    evidence = draft.evidence;
    warnings = draft.warnings;
    obstacles = draft.obstacles;
  }

  Migration landing(String source) {
    var before = base.dataSource(source).orElseThrow();
    var after = draft.definition(source);
    var target = draft.target(source);
    var settings = request.settings().of(source);
    var said = new ArrayList<String>();
    evidence.put(source, said);
    var cut = CutChoice.of(before, settings);
    var scenario = scenario(before, cut, said);
    switch (scenario) {
      case NOT_PRODUCTION -> said.add("Its rows aren't needed, so none are copied.");
      case RELOAD -> loaders(source).forEach(p -> draft.forkPipe(p.name()));
      case STREAMING_TIMESTAMP, FULL_REPLACEMENT, DELTA -> copyable(before, after);
      case MOVE_INGESTION -> {
        copyable(before, after);
        moved(before, after);
        said.add(
            "Its producers write to "
                + target
                + " first; then its rows are copied, and a view made by the run carries what still arrives.");
      }
      case KAFKA_TWIN -> {
        copyable(before, after);
        moved(before, after);
        offsets(before, after);
        said.add(
            target
                + " reads the topic as a consumer group of its own; older rows are copied by partition and offset.");
      }
      case POPULATE -> {
        copyable(before, after);
        warnings.add(
            Problem.warning(
                "populate_needs_quiet",
                before.place(),
                "deploy.sh populates %s once, with everything that is in %s then: rows that arrive while it works are there twice."
                    .formatted(target, source),
                "Pause whoever writes to "
                    + source
                    + " while CD deploys, or choose `scenario: delta`, which needs no pause."));
      }
    }
    converts = scenario != Scenario.NOT_PRODUCTION;
    var projection = projection(before, after, settings.projection());
    var timestamp =
        scenario == Scenario.STREAMING_TIMESTAMP
            ? cut.column().flatMap(c -> cutColumn(before, after, c))
            : Optional.<CutColumn>empty();
    var live =
        switch (scenario) {
          case NOT_PRODUCTION, RELOAD, KAFKA_TWIN, MOVE_INGESTION, FULL_REPLACEMENT ->
              new Feed.Live(Feed.Live.Kind.PRODUCERS, "");
          case STREAMING_TIMESTAMP, POPULATE, DELTA ->
              new Feed.Live(
                  Feed.Live.Kind.SYNC, draft.pipeName(source, true, "sync_" + target, false));
        };
    var history =
        switch (scenario) {
          case NOT_PRODUCTION, RELOAD -> new Feed.History(Feed.History.Kind.NONE, "");
          case POPULATE ->
              new Feed.History(
                  Feed.History.Kind.POPULATE,
                  draft.pipeName(source, false, "backfill_" + target, false));
          case STREAMING_TIMESTAMP, FULL_REPLACEMENT, DELTA, MOVE_INGESTION, KAFKA_TWIN ->
              new Feed.History(
                  Feed.History.Kind.COPY,
                  draft.pipeName(source, false, "backfill_" + target, false));
        };
    var reduced =
        after.engine().mergesRows() && !history.pipe().isEmpty()
            ? Reduction.of(after)
            : List.<Migration.Reduced>of();
    return new Migration(
        source,
        target,
        draft.cause(source),
        scenario,
        live,
        history,
        source,
        timestamp,
        projection,
        after.engine().family(),
        after.engine().sortingKey(),
        after.engine().partitionKey(),
        draft.commonTtl(before, after),
        reduced.isEmpty() ? Optional.empty() : Optional.of(selected(source, projection)),
        reduced,
        draft.files(source, live, history, Optional.empty()));
  }

  /// The source's rows as the target's. Two levels, so that no expression reads another one's name.
  private static String selected(String source, List<Projected> projection) {
    var inner = new ArrayList<String>();
    var outer = new ArrayList<String>();
    for (var p : projection) {
      var name = "backfill__" + inner.size();
      inner.add("CAST(%s, %s) AS %s".formatted(p.expression(), Quote.literal(p.type()), name));
      outer.add(name + " AS " + Quote.identifier(p.column()));
    }
    return "SELECT %s FROM (SELECT %s FROM %s)"
        .formatted(String.join(", ", outer), String.join(", ", inner), Quote.identifier(source));
  }

  /// Whether what copies bring into a target of this engine can be told and proven.
  private void copyable(DataSource before, DataSource after) {
    var engine = after.engine();
    if (engine.orderDependent()) {
      obstacles.add(
          Problem.error(
              "order_dependent_engine",
              after.place(),
              after.name()
                  + " keeps the row that was inserted last ("
                  + engine.family()
                  + "), and history is copied after newer rows.",
              (engine.family().equals("CollapsingMergeTree")
                      ? "Keep the rows in a MergeTree and let a Materialized View fill it, or"
                      : "Give the new version an ENGINE_VER, a column that grows whenever a row is written anew"
                          + versions(after)
                          + ", or")
                  + HISTORY_FIRST));
      return;
    }
    if (!engine.mergesRows()) {
      return;
    }
    if (Reduction.of(after).stream().noneMatch(r -> !r.key()) || !replacing(engine)) {
      obstacles.add(
          Problem.error(
              "merging_engine",
              after.place(),
              after.name()
                  + " merges rows ("
                  + engine.family()
                  + "), so a copy whose answer is lost can't be told from one that never ran, and"
                  + " doing it again would count rows twice.",
              "Keep the rows in a MergeTree and let a Materialized View fill the "
                  + engine.family()
                  + ", or"
                  + HISTORY_FIRST));
      return;
    }
    if (!flow.materializedFrom(before.name()).stream()
        .filter(v -> !draft.isMigration(v))
        .toList()
        .isEmpty()) {
      obstacles.add(
          Problem.error(
              "merging_target_with_views",
              after.place(),
              after.name()
                  + " keeps the newest row of each key, so a copy whose end nobody saw is done again,"
                  + " and the Materialized Views behind it would count its rows twice.",
              "Let the views read a Data Source that keeps every row, or choose not_production in"
                  + " backfill.yml."));
    }
  }

  /// Columns that might say which row is newer.
  private static String versions(DataSource source) {
    var names =
        source.columns().stream()
            .filter(c -> !c.type().isNullable())
            .filter(c -> c.type().time().isPresent() || c.type().name().startsWith("UInt"))
            .map(c -> "`" + c.name() + "`")
            .toList();
    return names.isEmpty() ? "" : " (such as " + String.join(" or ", names) + ", if it does)";
  }

  /// Where producers write to the new version while its history is copied, rows of one side only
  /// are no mistake, so engines that merge them leave nothing to compare by.
  private void moved(DataSource before, DataSource after) {
    if (replacing(after.engine())) {
      draft.notEmitted(
          before,
          "A " + after.engine().family() + " whose producers move first can't be written yet.",
          "Choose another scenario in backfill.yml.");
    }
  }

  /// The columns by which rows of a Kafka topic are told apart have to be stored on both sides.
  private void offsets(DataSource before, DataSource after) {
    for (var name : List.of(Migration.PARTITION, Migration.OFFSET)) {
      if (before.column(name).isEmpty() || after.column(name).isEmpty()) {
        obstacles.add(
            Problem.error(
                "kafka_offsets_not_stored",
                before.place(),
                "`%s` isn't a column of %s and its new version, so the rows that both consumers bring can't be told apart."
                    .formatted(name, before.name()),
                "Choose `scenario: streaming_timestamp` in backfill.yml; the old Data Source then stays the one that reads the topic."));
        return;
      }
    }
  }

  /// A row that is copied twice is there once.
  private static boolean replacing(Engine engine) {
    return engine.family().equals("ReplacingMergeTree") && engine.ver().isPresent();
  }

  private Scenario scenario(DataSource source, CutChoice cut, List<String> said) {
    var settings = request.settings().of(source.name());
    var named =
        settings
            .scenario()
            .flatMap(n ->
                List.of(Scenario.values()).stream()
                    .filter(s -> s.toString().equals(n))
                    .findFirst());
    if (named.isPresent()) {
      said.add(named.get() + " is what backfill.yml says.");
      if (named.get() == Scenario.STREAMING_TIMESTAMP) {
        return streaming(source, cut, said);
      }
      return named.get();
    }
    if (source.isKafka()) {
      said.add(source.name() + " is fed by Kafka.");
      return Scenario.KAFKA_TWIN;
    }
    if (source.hasConnector()) {
      said.add(source.name() + " is loaded by a connector.");
      return Scenario.RELOAD;
    }
    var copies = loaders(source.name());
    if (!copies.isEmpty()) {
      var replaced =
          copies.stream()
              .allMatch(
                  p -> p.writingNode().flatMap(Node::copyMode).orElse("append").equals("replace"));
      said.add(
          source.name()
              + " is written by "
              + String.join(", ", copies.stream().map(Pipe::name).toList())
              + (replaced ? ", which replaces it each time." : ", which appends to it."));
      return replaced ? Scenario.RELOAD : Scenario.MOVE_INGESTION;
    }
    var engine = draft.definition(source.name()).engine();
    if (replacing(engine)
        && cut.column().filter(c -> !engine.ver().equals(Optional.of(c.name()))).isPresent()) {
      said.add(
          "Rows of %s are replaced by newer ones of the same key, which may carry the old `%s`: the cutover is the moment of insertion."
              .formatted(source.name(), cut.column().orElseThrow().name()));
      return Scenario.DELTA;
    }
    if (cut.column().isPresent() || cut.mistake()) {
      return streaming(source, cut, said);
    }
    said.add(cut.evidence());
    said.add(
        "So the cutover is the moment of insertion, which the sync Pipe sees and no column holds.");
    if (source.columns().stream().anyMatch(c -> c.type().time().isPresent())) {
      obstacles.add(
          Problem.error(
              "choose_timestamp_column",
              source.place(),
              cut.evidence(),
              "Name one: `datasources: {"
                  + source.name()
                  + ": {timestamp-column: ...}}` in backfill.yml."));
    }
    return Scenario.DELTA;
  }

  /// The Copy Pipes that fill a Data Source.
  private List<Pipe> loaders(String source) {
    return flow.copying(source).stream().filter(p -> !draft.isMigration(p)).toList();
  }

  private Scenario streaming(DataSource source, CutChoice cut, List<String> said) {
    said.add(cut.evidence());
    if (cut.column().isEmpty()) {
      obstacles.add(
          Problem.error(
              "bad_timestamp_column",
              source.place(),
              cut.evidence(),
              "Name a time column of " + source.name() + " in backfill.yml."));
    } else if (cut.column().get().type().isNullable()) {
      warnings.add(
          Problem.warning(
              "null_timestamps",
              cut.column().get().place(),
              "`"
                  + cut.column().get().name()
                  + "` may be NULL; such rows are copied on their own, and those that arrive later"
                  + " wait for the next sweep.",
              ""));
    }
    return Scenario.STREAMING_TIMESTAMP;
  }

  private Optional<CutColumn> cutColumn(DataSource before, DataSource after, Column column) {
    var name = renamed(before.name()).getOrDefault(column.name(), column.name());
    var there = after.column(name);
    var type = there.flatMap(c -> c.type().time());
    if (there.isEmpty() || type.isEmpty()) {
      obstacles.add(
          Problem.error(
              "timestamp_column_lost",
              after.place(),
              "`"
                  + column.name()
                  + "` cuts "
                  + before.name()
                  + ", and "
                  + draft.target(before.name())
                  + " has no such time column.",
              "Keep it, or name another timestamp-column in backfill.yml."));
      return Optional.empty();
    }
    if (request.settings().of(before.name()).projection().containsKey(name)) {
      obstacles.add(
          Problem.error(
              "timestamp_column_changed",
              after.place(),
              "backfill.yml gives an expression for `"
                  + name
                  + "`, by which ranges of rows are found again in "
                  + draft.target(before.name())
                  + ", so it must stay what it is.",
              "Leave it as it is, or name another timestamp-column in backfill.yml."));
      return Optional.empty();
    }
    return Optional.of(
        new CutColumn(column.name(), name, column.type().time().orElseThrow(), type.get()));
  }

  /// Old to new name of the renamed columns of a Data Source.
  private Map<String, String> renamed(String dataSource) {
    var out = new HashMap<String, String>();
    for (var change : changes) {
      if (change instanceof Change.ColumnRenamed(var resource, var was, var is)
          && resource.equals(dataSource)) {
        out.put(was.name(), is.name());
      }
    }
    return out;
  }

  private List<Projected> projection(
      DataSource before, DataSource after, Map<String, String> given) {
    var out = new ArrayList<Projected>();
    var renames = Renames.of(before, after);
    for (var column : after.columns()) {
      if (!column.insertable()) {
        continue;
      }
      var own = given.get(column.name());
      var type = column.type();
      if (own != null) {
        var sql = Conversion.ofExpression(own, before, type);
        if (sql.isPresent()) {
          out.add(new Projected(column.name(), sql.get(), type.text()));
        } else {
          noProjection(
              column,
              "The expression for `"
                  + column.name()
                  + "` might throw, and then production inserts would fail.",
              "Use functions that never do, like toUInt32OrZero, toDateOrNull or accurateCastOrNull.");
        }
        continue;
      }
      var old =
          before
              .column(column.name())
              .or(() -> Optional.ofNullable(renames.old().get(column.name())));
      if (renames.unclear().contains(column.name())) {
        noProjection(
            column,
            "`%s` may be `%s` under another name or another column that goes or comes with it; a wrong guess would put values into the wrong column."
                .formatted(column.name(), old.map(Column::name).orElse("")),
            "Say what old rows have in it in backfill.yml: projection.");
      } else if (old.isPresent()) {
        var sql = Conversion.of(Quote.identifier(old.get().name()), old.get().type(), type);
        if (sql.isPresent()) {
          out.add(new Projected(column.name(), sql.get(), type.text()));
          if (converts && losesValues(old.get(), column)) {
            warnings.add(
                Problem.warning(
                    "values_may_fall_to_default",
                    column.place(),
                    "Values of `%s` that don't fit %s become %s; the proof counts them."
                        .formatted(column.name(), type, type.isNullable() ? "NULL" : "its default"),
                    ""));
          }
        } else {
          noProjection(
              column,
              "There is no conversion of `%s` from %s to %s that can't throw."
                  .formatted(column.name(), old.get().type(), type),
              "Give one in backfill.yml: projection.");
        }
      } else if (judgement.twins().get(before.name()) == null) {
        if (column.defaultKind() == Column.DefaultKind.DEFAULT
            && TablesRead.of("SELECT " + column.defaultExpression()).functions().stream()
                .anyMatch(f -> ViewPlanner.NOT_REPLAYABLE.matcher(f).matches())) {
          // Rows that are older than their column get it anew whenever they are read.
          noProjection(
              column,
              "`%s` is new and its DEFAULT %s is another for the same old row at every reading."
                  .formatted(column.name(), column.defaultExpression()),
              "Say in backfill.yml what old rows have: projection. Or give it a DEFAULT that stays the same.");
          continue;
        }
        // The platform adds it to the live source too, so rows that bring a value keep it.
        out.add(new Projected(column.name(), Quote.identifier(column.name()), type.text()));
      }
    }
    for (var name : new TreeSet<>(given.keySet())) {
      if (after.column(name).filter(Column::insertable).isEmpty()) {
        obstacles.add(
            Problem.error(
                "bad_projection",
                after.place(),
                "backfill.yml gives an expression for `"
                    + name
                    + "`, which isn't a column of "
                    + after.name()
                    + " that can be written.",
                ""));
      }
    }
    return out;
  }

  private static boolean losesValues(Column from, Column to) {
    return (from.type().isNullable() && !to.type().isNullable())
        || !Widening.keepsValues(from.type().bare(), to.type().bare());
  }

  private void noProjection(Column column, String message, String advice) {
    if (!converts) {
      return;
    }
    obstacles.add(
        Problem.error(
            "projection_needed",
            column.place(),
            message,
            Conversion.expressible(column.type())
                ? advice
                : "No expression is taken for "
                    + column.type()
                    + ". Leave the column as it is and add another one, or choose not_production in"
                    + " backfill.yml if nobody needs the rows."));
  }
}
