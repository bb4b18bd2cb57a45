package dev.backfill.plan;

import dev.backfill.change.Change;
import dev.backfill.change.Derivation;
import dev.backfill.change.Flow;
import dev.backfill.change.Judge;
import dev.backfill.change.JudgedChange;
import dev.backfill.change.Judgement;
import dev.backfill.change.Pair;
import dev.backfill.change.ProjectDiff;
import dev.backfill.change.Ttl;
import dev.backfill.change.Verdict;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Migration.Projected;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Engine;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import dev.backfill.sql.Quote;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Trigger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Turns what differs between two revisions into a plan. Pure: the same request gives an equal
/// plan.
public final class Planner {
  /// Version of the change rules; a part of the seal.
  public static final String RULES = "1";

  private static final Pattern VERSION =
      Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})\\.([0-9]{1,6})(-[0-9A-Za-z]{1,20})?");

  /// Functions that give another answer when a query is run again later.
  private static final Pattern NOT_REPLAYABLE =
      Pattern.compile(
          "now|now64|nowinblock|today|yesterday|current_timestamp|rand\\w*|generate\\w*|uuid\\w*"
              + "|dictget\\w*|dicthas|joinget\\w*|rownumber\\w*|runningdifference\\w*|neighbor"
              + "|blocknumber|fuzzbits|hostname|version|serveruuid");

  private final PlanRequest request;
  private final Project base;
  private final Project head;
  private final Flow flow;
  private final List<Pair> pairs;
  private final Judgement judgement;
  private final List<Change> changes;
  private final Names names;
  private final Map<String, String> targets = new LinkedHashMap<>();
  private final Map<String, String> pipeForks = new LinkedHashMap<>();
  private final Map<String, Migration> migrations = new LinkedHashMap<>();
  private final Map<String, List<String>> evidence = new TreeMap<>();
  private final List<Problem> warnings = new ArrayList<>();
  private final List<Problem> obstacles = new ArrayList<>();
  private boolean refused;

  private Planner(PlanRequest request) {
    this.request = request;
    base = request.base();
    head = request.head();
    flow = Flow.of(head);
    pairs = Pair.of(flow);
    changes = ProjectDiff.of(base, head, request.renames());
    judgement = Judge.judge(base, head, changes, request.settings());
    warnings.addAll(judgement.warnings());
    warnings.addAll(PairLint.of(flow, changes, ours()));
    names = new Names(base, head, request.takenNames(), ours());
  }

  /// @throws IllegalArgumentException when head has a problem of severity ERROR, or base has one
  ///   that head doesn't repair
  public static Plan plan(PlanRequest request) {
    Stream.concat(
            request.head().problems().stream().filter(p -> p.severity() == Severity.ERROR),
            ProjectDiff.unrepaired(request.base(), request.head()).stream())
        .findFirst()
        .ifPresent(p -> {
          throw new IllegalArgumentException("a project with errors isn't planned: " + p);
        });
    return new Planner(request).plan();
  }

  private Plan plan() {
    if (judgement.verdict() == Verdict.VERSION) {
      closure();
      bindNames();
      for (var source : targets.keySet()) {
        migrations.put(source, migration(source));
      }
      var fed = FeedProof.of(flow, List.copyOf(migrations.values()));
      refused |= !fed.isEmpty();
      obstacles.addAll(fed);
      needs();
    }
    var settings = request.settings();
    var core =
        new PlanCore(
            1,
            RULES,
            "classic",
            version(),
            request.workspace(),
            judgement.changes().stream()
                .filter(c -> concerns(c.resource()))
                .map(Planner::withoutLine)
                .toList(),
            List.copyOf(migrations.values()),
            forkedPipes(),
            new Cutover(request.lead().orElse(settings.lead()), request.pinnedCutover()),
            new PlanCore.Limits(
                settings.margin(),
                settings.settle(),
                settings.maxLateness(),
                settings.rehearsalRows(),
                settings.jobsAtOnce(),
                settings.chunkRows(),
                settings.lease(),
                settings.poll()),
            List.of());
    return new Plan(
        refused ? Verdict.REFUSE : judgement.verdict(),
        core,
        judgement.changes(),
        readers(),
        warnings,
        obstacles,
        evidence);
  }

  /// Whether a change touches what is migrated; the core holds no others, so that another pull
  /// request merged before doesn't alter it.
  private boolean concerns(String resource) {
    return migrations.values().stream()
            .anyMatch(m -> m.source().equals(resource) || m.target().equals(resource))
        || pipeForks.containsKey(resource)
        || migrations.keySet().stream()
            .flatMap(s -> views(s).stream())
            .anyMatch(p -> p.name().equals(resource));
  }

  /// Lines move when somebody adds a blank one, and the core doesn't.
  private static JudgedChange withoutLine(JudgedChange c) {
    return new JudgedChange(
        c.file(),
        0,
        c.resource(),
        c.kind(),
        c.before(),
        c.after(),
        c.impact(),
        c.destructive(),
        c.reason());
  }

  private Set<String> ours() {
    var out = new HashSet<String>();
    request
        .committed()
        .ifPresent(core -> {
          for (var m : core.migrations()) {
            out.add(m.target());
            out.add(m.liveFeed().pipe());
            out.add(m.historyFeed().pipe());
            m.seam().ifPresent(seam -> seam.feeders().forEach(f -> out.add(f.fork())));
          }
          core.forkedPipes().forEach(f -> out.add(f.fork()));
        });
    return out;
  }

  // ---------------------------------------------------------------- what is versioned

  /// Everything the diff versions, in the order rows flow, then whatever its rows reach.
  private void closure() {
    var open = new LinkedHashSet<String>(judgement.versioned());
    var reached = new LinkedHashSet<String>();
    // Landing Data Sources first: a view target that also changes itself comes after its source.
    for (var source : List.copyOf(open)) {
      if (views(source).isEmpty()) {
        reach(source, reached);
      }
    }
    open.forEach(s -> reach(s, reached));
    reached.forEach(s -> targets.put(s, ""));
  }

  private void reach(String source, Set<String> reached) {
    if (!reached.add(source)) {
      return;
    }
    for (var view : flow.materializedFrom(source)) {
      var target = view.writingNode().flatMap(Node::target).orElse("");
      if (isMigration(view) || head.dataSource(target).isEmpty()) {
        continue;
      }
      if (base.dataSource(target).isEmpty()) {
        newView(view, source, target);
        continue;
      }
      reach(target, reached);
    }
  }

  /// A new view on the old version would run dry when producers move to the new one, and has no
  /// history that could be split. On the new version it gets every row once, by the copies.
  private void newView(Pipe view, String source, String target) {
    var message =
        "%s is new and hangs from %s, which gets a new version; it would get no more rows when producers move there."
            .formatted(view.name(), source);
    var advice =
        "Take it out, generate, and then add it on the new version, before the copies run; or accept"
            + " it in backfill.yml: `datasources: {"
            + target
            + ": {accept: [new_view_on_versioned_source]}}`.";
    if (request.settings().of(target).accept().contains("new_view_on_versioned_source")) {
      warnings.add(Problem.warning("new_view_on_versioned_source", view.place(), message, advice));
    } else {
      obstacles.add(Problem.error("new_view_on_versioned_source", view.place(), message, advice));
    }
  }

  /// Pipes that need the other half of a pair than the one they read.
  private void needs() {
    var forked = new HashSet<String>(pipeForks.keySet());
    migrations.keySet().forEach(s -> views(s).forEach(v -> forked.add(v.name())));
    var needs = new TwinNeeds(flow, base, forked);
    for (var source : migrations.keySet()) {
      var added = new HashSet<String>();
      for (var change : changes) {
        if (change instanceof Change.ColumnAdded(var resource, var column, _)
            && resource.equals(source)
            && column.insertable()
            && views(source).isEmpty()) {
          added.add(column.name());
        }
      }
      needs.check(
          base.dataSource(source).orElseThrow(),
          definition(source),
          target(source),
          added,
          this::isMigration);
    }
    obstacles.addAll(needs.obstacles());
    warnings.addAll(needs.warnings());
  }

  /// The ordinary views of head that fill a Data Source.
  private List<Pipe> views(String target) {
    return flow.materializing(target).stream().filter(p -> !isMigration(p)).toList();
  }

  private boolean isMigration(Pipe pipe) {
    return pairs.stream().anyMatch(p -> p.pipe().equals(pipe.name()))
        || flow.recovers(pipe)
        || flow.origin(pipe).flatMap(o -> Flow.behindRelease(o.table())).isPresent();
  }

  private void bindNames() {
    for (var source : List.copyOf(targets.keySet())) {
      var bound =
          request.committed().stream()
              .flatMap(c -> c.migrations().stream())
              .filter(m -> m.source().equals(source))
              .map(Migration::target)
              .findFirst();
      var twin = judgement.twins().get(source);
      if (twin != null) {
        targets.put(source, twin);
      } else if (bound.isPresent() && names.take(bound.get())) {
        targets.put(source, bound.get());
      } else {
        targets.put(source, names.version(source));
      }
    }
    for (var source : targets.keySet()) {
      for (var view : views(source)) {
        flow.origin(view)
            .filter(o -> targets.containsKey(o.table()))
            .ifPresent(o -> o.pipes().forEach(this::forkPipe));
        // Joined plain Pipes that read a versioned table have to follow too.
        for (var read : flow.reads(view)) {
          if (head.pipe(read).isPresent()
              && flow.origin(view).filter(o -> targets.containsKey(o.table())).isPresent()
              && flow.reads(head.pipe(read).get()).stream().anyMatch(targets::containsKey)) {
            forkPipe(read);
          }
        }
      }
    }
  }

  private void forkPipe(String pipe) {
    if (pipeForks.containsKey(pipe)) {
      return;
    }
    var bound =
        request.committed().stream()
            .flatMap(c -> c.forkedPipes().stream())
            .filter(f -> f.original().equals(pipe))
            .map(ForkedPipe::fork)
            .filter(names::take)
            .findFirst();
    pipeForks.put(pipe, bound.orElseGet(() -> names.version(pipe)));
  }

  private List<ForkedPipe> forkedPipes() {
    return pipeForks.entrySet().stream()
        .map(e -> new ForkedPipe(e.getKey(), e.getValue()))
        .toList();
  }

  /// A name for a feed's Pipe: the one the committed plan has, else the wanted or numbered one.
  private String pipeName(String source, boolean live, String wanted, boolean numbered) {
    var bound =
        request.committed().stream()
            .flatMap(c -> c.migrations().stream())
            .filter(m -> m.source().equals(source))
            .map(m -> live ? m.liveFeed().pipe() : m.historyFeed().pipe())
            .filter(n -> !n.isEmpty() && names.take(n))
            .findFirst();
    return bound.orElseGet(() -> numbered ? names.version(wanted) : names.free(wanted));
  }

  // ---------------------------------------------------------------- one migration

  private Migration migration(String source) {
    return views(source).isEmpty() ? landing(source) : view(source);
  }

  private Cause cause(String source) {
    return judgement.versioned().contains(source) ? Cause.DIRECT : Cause.CASCADE;
  }

  /// What the target will be: the author's twin, else head's definition of the source.
  private DataSource definition(String source) {
    var twin = judgement.twins().get(source);
    return head.dataSource(twin == null ? source : twin).orElseThrow();
  }

  private Migration landing(String source) {
    var before = base.dataSource(source).orElseThrow();
    var after = definition(source);
    var target = target(source);
    var settings = request.settings().of(source);
    var said = new ArrayList<String>();
    evidence.put(source, said);
    var cut = CutChoice.of(before, settings);
    var scenario = scenario(before, cut, said);
    switch (scenario) {
      case NOT_PRODUCTION -> said.add("Its rows aren't needed, so none are copied.");
      case RELOAD -> loaders(source).forEach(p -> forkPipe(p.name()));
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
              new Feed.Live(Feed.Live.Kind.SYNC, pipeName(source, true, "sync_" + target, false));
        };
    var history =
        switch (scenario) {
          case NOT_PRODUCTION, RELOAD -> new Feed.History(Feed.History.Kind.NONE, "");
          case POPULATE ->
              new Feed.History(
                  Feed.History.Kind.POPULATE, pipeName(source, false, "backfill_" + target, false));
          case STREAMING_TIMESTAMP, FULL_REPLACEMENT, DELTA, MOVE_INGESTION, KAFKA_TWIN ->
              new Feed.History(
                  Feed.History.Kind.COPY, pipeName(source, false, "backfill_" + target, false));
        };
    var reduced =
        after.engine().mergesRows() && !history.pipe().isEmpty()
            ? Reduction.of(after)
            : List.<Migration.Reduced>of();
    return new Migration(
        source,
        target,
        cause(source),
        scenario,
        live,
        history,
        source,
        timestamp,
        projection,
        after.engine().family(),
        after.engine().sortingKey(),
        after.engine().partitionKey(),
        commonTtl(before, after),
        reduced.isEmpty() ? Optional.empty() : Optional.of(selected(source, projection)),
        reduced,
        files(source, live, history, Optional.empty()));
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
              engine.family().equals("CollapsingMergeTree")
                  ? "Choose reload or not_production, or keep the rows in a MergeTree and let a view fill it."
                  : "Give the new version an ENGINE_VER."));
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
                  + ", or choose reload or not_production in backfill.yml."));
      return;
    }
    if (!flow.materializedFrom(before.name()).stream()
        .filter(v -> !isMigration(v))
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

  /// Where producers write to the new version while its history is copied, rows of one side only
  /// are no mistake, so engines that merge them leave nothing to compare by.
  private void moved(DataSource before, DataSource after) {
    if (after.engine().mergesRows()) {
      notEmitted(
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

  private String target(String source) {
    return targets.getOrDefault(source, "");
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
    var engine = definition(source.name()).engine();
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
    return flow.copying(source).stream().filter(p -> !isMigration(p)).toList();
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
                  + target(before.name())
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
                  + target(before.name())
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
    var renamed = renamed(before.name());
    var dropped = before.columns().stream().filter(c -> after.column(c.name()).isEmpty()).toList();
    for (var column : after.columns()) {
      if (!column.insertable()) {
        continue;
      }
      var own = given.get(column.name());
      var type = column.type();
      if (own != null) {
        var sql = Conversion.ofExpression(own, type);
        if (sql.isPresent()) {
          out.add(new Projected(column.name(), sql.get(), type.text()));
        } else {
          noProjection(
              column,
              "The expression for `"
                  + column.name()
                  + "` might throw, and then production inserts would fail.",
              "Use functions that never do, like toUInt32OrZero or accurateCastOrNull.");
        }
        continue;
      }
      var old =
          before
              .column(column.name())
              .or(() ->
                  before.columns().stream()
                      .filter(c -> column.name().equals(renamed.get(c.name())))
                      .findFirst());
      if (old.isPresent()) {
        var sql = Conversion.of(Quote.identifier(old.get().name()), old.get().type(), type);
        if (sql.isPresent()) {
          out.add(new Projected(column.name(), sql.get(), type.text()));
          if (losesValues(old.get(), column)) {
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
      } else if (dropped.stream().noneMatch(d -> d.type().equals(type))
          && judgement.twins().get(before.name()) == null) {
        if (column.defaultKind() == Column.DefaultKind.DEFAULT
            && TablesRead.of("SELECT " + column.defaultExpression()).functions().stream()
                .anyMatch(f -> NOT_REPLAYABLE.matcher(f).matches())) {
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
    obstacles.add(Problem.error("projection_needed", column.place(), message, advice));
  }

  // ---------------------------------------------------------------- targets of views

  /// One view that fills a target.
  ///
  /// @param from the table whose inserts start it
  /// @param onTwin that table is versioned, so the fork hangs from its new version
  /// @param query its SELECT over what the fork reads, self-contained
  private record Way(Pipe view, String from, boolean onTwin, Optional<String> query) {}

  private Migration view(String source) {
    var before = base.dataSource(source).orElseThrow();
    var after = definition(source);
    var target = target(source);
    var ways = views(source).stream().map(this::way).toList();
    var view = ways.getFirst().view();
    var said = new ArrayList<String>();
    evidence.put(source, said);
    ways.forEach(w -> said.add("%s fills it from %s.".formatted(w.view().name(), w.from())));
    var live = new Feed.Live(Feed.Live.Kind.FORK, pipeName(source, true, view.name(), true));
    for (var way : ways) {
      if (way.query().isEmpty()) {
        notEmitted(
            after, "The query of " + way.view().name() + " can't be written out as one.", "");
      }
      if (way.view().nodes().stream().anyMatch(Node::template)) {
        notEmitted(after, way.view().name() + " is a template, which can't be forked yet.", "");
      }
    }
    var kind = history(before, after, ways, said);
    var history =
        switch (kind) {
          case FORK -> new Feed.History(kind, live.pipe());
          default -> new Feed.History(kind, pipeName(source, false, "backfill_" + target, false));
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
        cause(source),
        Scenario.STREAMING_TIMESTAMP,
        live,
        history,
        ways.getFirst().onTwin() ? target(ways.getFirst().from()) : ways.getFirst().from(),
        Optional.empty(),
        seam.isPresent() ? ownColumns(after) : List.of(),
        after.engine().family(),
        after.engine().sortingKey(),
        after.engine().partitionKey(),
        commonTtl(before, after),
        switch (kind) {
          case SEAM -> Optional.of(rowsOf(source, after));
          case REPLAY -> replayed(after, ways);
          default -> ways.getFirst().query();
        },
        Reduction.of(after),
        seam,
        files(source, live, history, seam));
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
              + target(single.from())
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
      refused = true;
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

  // ---------------------------------------------------------------- seams

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
    var trigger = way.onTwin() ? Optional.of(definition(way.from())) : head.dataSource(way.from());
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
            way.onTwin() ? target(way.from()) : way.from(),
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
      notEmitted(
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
                    .formatted(target(before.name()), before.name(), landing.target()),
                "Choose another scenario for " + way.from() + " in backfill.yml."));
      } else if (landing != null) {
        warnings.add(
            Problem.warning(
                "seam_before_producers_move",
                after.place(),
                "The fork of %s takes later buckets only. Rows of older ones that producers write to %s themselves would pass it by."
                    .formatted(way.view().name(), landing.target()),
                "Before the producers move: run and prove a last time, then take the node `backfill_cut` out of the fork."));
      }
    }
    said.add("It is cut at its `%s` %s.".formatted(seam.get().column(), seam.get().columnType()));
    if (!seam.get().repairable()) {
      warnings.add(
          Problem.warning(
              "late_rows_not_repairable",
              after.place(),
              "Rows that arrive late for a bucket of %s that is copied already can't be added to it, because not all of its columns can be raised."
                  .formatted(target(before.name())),
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

  // ---------------------------------------------------------------- the rest

  private void notEmitted(DataSource about, String message, String advice) {
    obstacles.add(Problem.error("not_emitted_yet", about.place(), message, advice));
  }

  /// The rule under which fewer rows stay. Rules that can't be compared: the target's, with a
  /// warning.
  private Optional<String> commonTtl(DataSource before, DataSource after) {
    var a = before.engine().ttl();
    var b = after.engine().ttl();
    if (a.isEmpty() || b.isEmpty() || a.equals(b)) {
      return a.or(() -> b);
    }
    if (Ttl.column(a.get()).equals(Ttl.column(b.get()))) {
      if (Ttl.keepsAtLeast(b.get(), a.get())) {
        return a;
      }
      if (Ttl.keepsAtLeast(a.get(), b.get())) {
        return b;
      }
    }
    warnings.add(
        Problem.warning(
            "ttl_not_comparable",
            after.place(),
            "Rows of " + before.name() + " and of its new version are deleted by different rules.",
            ""));
    return b;
  }

  private List<String> files(
      String source, Feed.Live live, Feed.History history, Optional<Seam> seam) {
    var out = new ArrayList<String>();
    var path = definition(source).path();
    out.add(folder(path) + target(source) + ".datasource");
    var pipes = new TreeSet<String>();
    for (var pipe : List.of(live.pipe(), history.pipe())) {
      if (!pipe.isEmpty()) {
        var fork = live.kind() == Feed.Live.Kind.FORK && pipe.equals(live.pipe());
        pipes.add(pipeFolder(source, fork) + pipe + ".pipe");
      }
    }
    for (var feeder : seam.stream().flatMap(f -> f.feeders().stream()).toList()) {
      var folder = head.pipe(feeder.view()).map(v -> folder(v.path())).orElse("pipes/");
      pipes.add(folder + feeder.fork() + ".pipe");
    }
    out.addAll(pipes);
    return out;
  }

  private String pipeFolder(String source, boolean fork) {
    var original =
        fork ? views(source).stream().map(Pipe::path).findFirst() : Optional.<String>empty();
    var root =
        head.pipes().values().stream().allMatch(p -> folder(p.path()).isEmpty())
            && head.dataSources().values().stream().allMatch(d -> folder(d.path()).isEmpty());
    return original.map(Planner::folder).orElse(root ? "" : "pipes/");
  }

  private static String folder(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }

  private String version() {
    var wanted = head.tinyenv().getOrDefault("VERSION", "");
    if (migrations.isEmpty()) {
      return VERSION.matcher(wanted).matches() ? wanted : "";
    }
    if (request.committed().isPresent() && !request.committed().get().version().isEmpty()) {
      return request.committed().get().version();
    }
    var matcher = VERSION.matcher(wanted);
    if (!matcher.matches()) {
      return nextFree(1, 0, 0);
    }
    // A VERSION that base has is used up, with or without a folder: earlier deployments had it.
    var used =
        request.deployVersions().contains(wanted)
            || wanted.equals(request.base().tinyenv().get("VERSION"));
    return used
        ? nextFree(
            Integer.parseInt(matcher.group(1)),
            Integer.parseInt(matcher.group(2)),
            Integer.parseInt(matcher.group(3)) + 1)
        : wanted;
  }

  private String nextFree(int major, int minor, int patch) {
    var version =
        major + "." + minor + "." + patch + request.pullRequest().map(n -> "-" + n).orElse("");
    return request.deployVersions().contains(version) ? nextFree(major, minor, patch + 1) : version;
  }

  /// What names a versioned Data Source and isn't forked or ours.
  private List<Reader> readers() {
    var out = new ArrayList<Reader>();
    for (var pipe : head.pipes().values()) {
      if (isMigration(pipe)) {
        continue;
      }
      var trigger = flow.origin(pipe).map(Flow.Origin::table).orElse("");
      var view = pipe.is(Node.Kind.MATERIALIZED);
      var reads = new TreeSet<String>();
      for (var node : pipe.nodes()) {
        for (var name : flow.named(node)) {
          if (migrations.containsKey(name)
              && pipe.node(name).isEmpty()
              && !(view && name.equals(trigger))) {
            reads.add(name);
          }
        }
      }
      if (!reads.isEmpty()) {
        var kind =
            pipe.writingNode()
                .map(n -> n.kind().name().toLowerCase(Locale.ROOT))
                .orElse("endpoint");
        out.add(new Reader(pipe.name(), kind, List.copyOf(reads)));
      }
    }
    return out;
  }
}
