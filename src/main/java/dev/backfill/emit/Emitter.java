package dev.backfill.emit;

import dev.backfill.change.Impact;
import dev.backfill.datafile.Datafile;
import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.CutColumn;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Seam;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Turns a plan into files. Pure and deterministic: the same plan and projects give the same bytes.
///
/// What is written for a Data Source that the diff changes:
/// - its new version: the author's text, without the lines of a connector (they would consume a
///   second time), with its tokens, so that producers keep access;
/// - the old one's file back as it was, plus what the platform can ALTER ([SourceSplit]);
/// - the sync and the backfill Pipe ([PipeTexts]);
/// - for every Materialized View behind it a fork of Pipe and target ([ForkText]);
/// - `deploy.sh` and `VERSION` in `.tinyenv`.
public final class Emitter {
  private final Plan plan;
  private final PlanCore core;
  private final Project base;
  private final Project head;
  private final Layout layout;
  private final List<Problem> problems = new ArrayList<>();
  private final SortedMap<String, FileChange> changes = new TreeMap<>();
  private final SortedMap<String, String> sealed = new TreeMap<>();
  private final Map<String, String> pipeFiles = new HashMap<>();
  private final Set<String> scripts;

  private Emitter(Plan plan, Project base, Project head, Set<String> scripts) {
    this.plan = plan;
    this.scripts = scripts;
    this.core = plan.core();
    this.base = base;
    this.head = head;
    this.layout = new Layout(base, head);
  }

  /// The files of a plan, in path order, without `plan.json`; none for a plan without migrations.
  ///
  /// @param base the project before the change
  /// @param head the project as its author wrote it: generated files of this plan undone ([Undo])
  /// @throws IllegalArgumentException when there are [#obstacles]
  public static List<FileChange> emit(Plan plan, Project base, Project head) {
    return emit(plan, base, head, Set.of());
  }

  /// @param scripts names beside `deploy.sh` under which the project's CI looks for it
  public static List<FileChange> emit(Plan plan, Project base, Project head, Set<String> scripts) {
    var emitter = new Emitter(plan, base, head, scripts);
    emitter.all();
    if (!emitter.problems.isEmpty()) {
      throw new IllegalArgumentException(emitter.problems.getFirst().toString());
    }
    return List.copyOf(emitter.changes.values());
  }

  /// Why the plan can't be written as files; empty when [#emit] works. Doesn't repeat the plan's
  /// own obstacles.
  public static List<Problem> obstacles(Plan plan, Project base, Project head) {
    var emitter = new Emitter(plan, base, head, Set.of());
    emitter.all();
    return List.copyOf(emitter.problems);
  }

  private void all() {
    if (core.migrations().isEmpty() || !plan.obstacles().isEmpty() || !checked()) {
      return;
    }
    for (var migration : core.migrations()) {
      newVersion(migration);
      oldVersion(migration);
      switch (migration.liveFeed().kind()) {
        case SYNC, PRODUCERS, NONE -> ownPipes(migration);
        case FORK -> forkedView(migration);
      }
    }
    for (var forked : core.forkedPipes()) {
      head.pipe(forked.original())
          .ifPresentOrElse(
              p -> fork(p, forked.fork()),
              () ->
                  obstacle("pipe_missing", Place.NOWHERE, "There is no Pipe " + forked.original()));
    }
    if (problems.isEmpty()) {
      deployment();
    }
  }

  private boolean checked() {
    for (var m : core.migrations()) {
      name(m.source());
      name(m.target());
      name(m.liveFeed().pipe());
      name(m.historyFeed().pipe());
      m.seam().ifPresent(seam -> seam.feeders().forEach(f -> name(f.fork())));
    }
    core.forkedPipes().forEach(f -> name(f.fork()));
    if (!DeployScript.VERSION.matcher(core.version()).matches()) {
      obstacle(
          "version_not_plain",
          Place.of(VersionLine.FILE),
          "The deployment's version " + core.version() + " isn't made of letters, digits, . _ -");
    }
    if (core.cutover().boundAtDeploy()
        && core.cutover().lead().compareTo(core.limits().margin()) <= 0) {
      obstacle(
          "lead_within_margin",
          Place.NOWHERE,
          "The cutover would lie %s after the deployment, but has to be at least %s ahead when it ends"
              .formatted(core.cutover().lead(), core.limits().margin()));
    }
    return problems.isEmpty();
  }

  private void name(String name) {
    if (!name.isEmpty() && !DeployScript.NAME.matcher(name).matches()) {
      obstacle(
          "name_not_plain", Place.NOWHERE, "A name isn't made of letters, digits and _: " + name);
    }
  }

  private void newVersion(Migration m) {
    if (head.dataSource(m.target()).isPresent()) {
      // The author wrote it.
      seal(head.dataSource(m.target()).orElseThrow().path());
      return;
    }
    var source = head.dataSource(m.source());
    if (source.isEmpty()) {
      if (m.liveFeed().kind() != Feed.Live.Kind.FORK) {
        obstacle("source_missing", Place.NOWHERE, "There is no Data Source " + m.source());
      }
      // A view may define its target itself; then its fork does so too.
      return;
    }
    var text = parse(source.get().path());
    // Loaded whole by its connector, the new version needs one of its own; any other would take
    // in every row a second time.
    var keepsConnector = m.scenario() == Scenario.RELOAD || m.scenario() == Scenario.KAFKA_TWIN;
    if (!keepsConnector
        && text.directives().stream().anyMatch(d -> ForkText.connector(d) && d.included())) {
      obstacle(
          "connector_included",
          source.get().place(),
          "The connector of "
              + m.source()
              + " comes out of an INCLUDE, which its copy would repeat");
      return;
    }
    if (source.get().legacyVersion().isPresent()) {
      obstacle(
          "legacy_version",
          source.get().place(),
          m.source() + " has a VERSION line, which would rename its new version");
      return;
    }
    if (m.scenario() == Scenario.KAFKA_TWIN) {
      kafkaTwin(m, text, source.get());
      return;
    }
    generate(
        layout.dataSource(m),
        Texts.without(text, d -> !keepsConnector && ForkText.connector(d)),
        false);
  }

  /// One consumer group for each, or they would share the partitions between them.
  private void kafkaTwin(Migration m, Datafile text, DataSource source) {
    var group = text.last("KAFKA_GROUP_ID").filter(d -> !d.included());
    if (group.isEmpty() || !KafkaTexts.nameable(group.get().value())) {
      obstacle(
          "connector_included",
          source.place(),
          "The KAFKA_GROUP_ID of "
              + m.source()
              + " isn't in its own file, and its new version needs another");
      return;
    }
    generate(layout.dataSource(m), KafkaTexts.twin(text, group.get(), m.target()), false);
  }

  private void oldVersion(Migration m) {
    var before = base.dataSource(m.source());
    var after = head.dataSource(m.source());
    if (before.isEmpty() || after.isEmpty()) {
      return;
    }
    var path = after.get().path();
    if (!before.get().path().equals(path)) {
      obstacle("source_moved", after.get().place(), m.source() + " was " + before.get().path());
      return;
    }
    var shared = included(path).filter(f -> !file(head, f).equals(base.files().get(f))).findFirst();
    if (shared.isPresent()) {
      obstacle(
          "change_in_include",
          Place.of(shared.get()),
          "%s is changed, and %s includes it: the old version would change with the new one"
              .formatted(shared.get(), path));
      return;
    }
    var twinIsAuthors = head.dataSource(m.target()).isPresent();
    if (m.liveFeed().kind() == Feed.Live.Kind.FORK) {
      // Its old views know nothing of what is new.
      restore(path, file(base, path));
    } else if (!twinIsAuthors && !file(base, path).equals(file(head, path))) {
      try {
        var shorter =
            core.changes().stream()
                .anyMatch(c ->
                    c.resource().equals(m.source()) && c.kind().contains("ttl") && c.destructive());
        restore(
            path,
            new SourceSplit(
                    before.get(),
                    after.get(),
                    (DatasourceFile) Texts.parse(path, file(base, path), base.files()),
                    (DatasourceFile) parse(path),
                    shorter,
                    nullable(m, after.get()))
                .text());
      } catch (SourceSplit.CannotSplit e) {
        obstacle("change_not_split", after.get().place(), String.valueOf(e.getMessage()));
      }
    }
    seal(path);
  }

  /// Columns that an ALTER lets hold NULL in the old version too. Not the one that cuts it: a sync
  /// doesn't see NULL there.
  private Set<String> nullable(Migration m, DataSource after) {
    return after.columns().stream()
        .filter(c -> m.timestamp().filter(t -> t.targetColumn().equals(c.name())).isEmpty())
        .filter(c ->
            core.changes().stream()
                .anyMatch(j ->
                    j.resource().equals(after.name())
                        && j.kind().equals("column_type")
                        && j.impact() == Impact.IN_PLACE
                        && j.after().equals(c.name() + " " + c.type())))
        .map(Column::name)
        .collect(Collectors.toSet());
  }

  private void ownPipes(Migration m) {
    var place = head.dataSource(m.source()).map(DataSource::place).orElse(Place.NOWHERE);
    if (!writable(m, place)
        || (m.timestamp().isPresent() && !cuttable(m.source(), m.timestamp().get(), place))) {
      return;
    }
    var source = base.dataSource(m.source()).or(() -> head.dataSource(m.source())).orElseThrow();
    var texts = new PipeTexts(m, source);
    switch (m.liveFeed().kind()) {
      case SYNC -> ownPipe(m.liveFeed().pipe(), texts.sync(core.cutover()));
      case PRODUCERS -> {}
      case NONE -> notYet(m, place);
      case FORK -> throw new IllegalStateException(m.target() + " is a fork");
    }
    switch (m.historyFeed().kind()) {
      case COPY, POPULATE ->
          ownPipe(
              m.historyFeed().pipe(),
              m.scenario() == Scenario.KAFKA_TWIN ? KafkaTexts.backfill(m) : texts.backfill());
      case NONE -> {}
      case FORK, SEAM, REPLAY -> notYet(m, place);
    }
  }

  private void notYet(Migration m, Place place) {
    obstacle(
        "scenario_not_emitted",
        place,
        "Files for %s (scenario %s, live %s, history %s) can't be written yet"
            .formatted(m.source(), m.scenario(), m.liveFeed().kind(), m.historyFeed().kind()));
  }

  private boolean cuttable(String source, CutColumn cut, Place place) {
    var from = cut.type();
    var to = cut.targetType();
    if (from.nullable() && !to.nullable()) {
      obstacle(
          "cut_column_loses_null",
          place,
          "%s.%s may be NULL and its new version may not, so rows without it couldn't be told apart"
              .formatted(source, cut.column()));
      return false;
    }
    var other = cut.incomparable();
    if (other.isPresent()) {
      obstacle("cut_column_coarser", place, source + ": " + other.get());
      return false;
    }
    return true;
  }

  private boolean writable(Migration m, Place place) {
    for (var p : m.projection()) {
      if (!plainLine(p.expression())) {
        obstacle(
            "expression_not_plain",
            place(m, p.column(), place),
            "The expression for `%s` has to be one line without comments or template tags"
                .formatted(p.column()));
        return false;
      }
      if (templated(p.column()) || templated(p.type()) || p.column().contains("\\")) {
        obstacle(
            "column_not_plain",
            place(m, p.column(), place),
            "The name of `%s` has to be without backslashes, and both it and its type without template tags"
                .formatted(p.column()));
        return false;
      }
    }
    var others =
        Stream.concat(
            m.timestamp().stream().flatMap(t -> Stream.of(t.column(), t.targetColumn())),
            m.reduced().stream().flatMap(r -> Stream.of(r.column(), r.expression())));
    for (var text : others.filter(Emitter::templated).toList()) {
      obstacle(
          "column_not_plain",
          place(m, text, place),
          "What %s is compared by has to be without template tags: %s".formatted(m.source(), text));
      return false;
    }
    return true;
  }

  /// Where a column is written, the new version's before the old one's.
  private Place place(Migration m, String column, Place otherwise) {
    return Stream.of(
            head.dataSource(m.target()), head.dataSource(m.source()), base.dataSource(m.source()))
        .flatMap(Optional::stream)
        .flatMap(d -> d.column(column).stream())
        .map(Column::place)
        .findFirst()
        .orElse(otherwise);
  }

  private static boolean plainLine(String sql) {
    return sql.lines().count() == 1
        && !sql.isBlank()
        && !templated(sql)
        && !sql.contains(PipeTexts.CUTOVER)
        && !sql.contains("--")
        && !sql.contains("/*");
  }

  private static boolean templated(String text) {
    return text.contains("{{") || text.contains("{%") || text.contains("{#");
  }

  private void ownPipe(String name, String text) {
    var path = layout.pipe(name);
    if (head.pipe(name).isPresent() || head.dataSource(name).isPresent()) {
      obstacle("name_taken", Place.of(path), "The name " + name + " is taken");
      return;
    }
    generate(path, text, false);
    pipeFiles.put(name, path);
  }

  private void forkedView(Migration m) {
    var views =
        head.pipes().values().stream()
            .filter(p ->
                p.writingNode()
                    .filter(n -> n.kind() == Node.Kind.MATERIALIZED)
                    .flatMap(Node::target)
                    .filter(m.source()::equals)
                    .isPresent())
            .toList();
    var place = head.dataSource(m.source()).map(DataSource::place).orElse(Place.NOWHERE);
    if (m.seam().isPresent()) {
      seamed(m, m.seam().get(), place);
      return;
    }
    if (views.size() != 1) {
      obstacle(
          "feeders_not_one",
          place,
          "%s is fed by %d Materialized Views, and one can be forked"
              .formatted(m.source(), views.size()));
      return;
    }
    switch (m.historyFeed().kind()) {
      case FORK -> fork(views.getFirst(), m.liveFeed().pipe());
      case COPY, SEAM, REPLAY, POPULATE, NONE -> notYet(m, place);
    }
  }

  /// A target that is cut at a bucket: a fork of every view that feeds it, and the Copy Pipe that
  /// brings older buckets.
  private void seamed(Migration m, Seam seam, Place place) {
    var target = head.dataSource(m.target()).or(() -> head.dataSource(m.source()));
    if (target.isEmpty()) {
      obstacle("source_missing", place, "There is no Data Source " + m.source());
      return;
    }
    if (!writable(m, place)) {
      return;
    }
    if (!SeamTexts.plain(m)) {
      obstacle("fork_not_written", place, "A query of " + m.source() + " holds template tags");
      return;
    }
    for (var feeder : seam.feeders()) {
      var view = head.pipe(feeder.view());
      if (view.isEmpty()) {
        obstacle("pipe_missing", place, "There is no Pipe " + feeder.view());
        continue;
      }
      fork(
          view.get(),
          feeder.fork(),
          text -> SeamTexts.fork(text, m, feeder, original(core, feeder.entry()), core.cutover()));
    }
    ownPipe(m.historyFeed().pipe(), new SeamTexts(m, target.get()).backfill());
  }

  /// The name that a resource had before the migration.
  static String original(PlanCore core, String name) {
    return names(core).entrySet().stream()
        .filter(e -> e.getValue().equals(name))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(name);
  }

  private void fork(Pipe original, String name) {
    fork(original, name, text -> ForkText.of(text, names(core)));
  }

  private void fork(
      Pipe original, String name, java.util.function.Function<PipeFile, String> made) {
    var path = Layout.forkOf(original.path(), name);
    if (head.pipe(name).isPresent() || head.dataSource(name).isPresent()) {
      obstacle("name_taken", Place.of(path), "The name " + name + " is taken");
      return;
    }
    try {
      generate(path, made.apply((PipeFile) parse(original.path())), false);
    } catch (IllegalArgumentException e) {
      obstacle("fork_not_written", original.place(), String.valueOf(e.getMessage()));
      return;
    }
    pipeFiles.put(name, path);
    base.pipe(original.name())
        .filter(b -> b.path().equals(original.path()))
        .map(b -> file(base, b.path()))
        .filter(text -> !text.equals(file(head, original.path())))
        .ifPresent(text -> restore(original.path(), text));
    seal(original.path());
  }

  /// What forks read and write instead.
  static Map<String, String> names(PlanCore core) {
    var names = new LinkedHashMap<String, String>();
    core.migrations().forEach(m -> names.put(m.source(), m.target()));
    core.forkedPipes().forEach(f -> names.put(f.original(), f.fork()));
    return names;
  }

  private void deployment() {
    changes.forEach((path, change) -> change.text().ifPresent(t -> sealed.put(path, t)));
    var tinyenv = Optional.ofNullable(head.files().get(VersionLine.FILE));
    var versioned = VersionLine.set(tinyenv.orElse(""), core.version());
    if (versioned.isEmpty()) {
      obstacle(
          "version_not_plain",
          Place.of(VersionLine.FILE),
          "VERSION in .tinyenv isn't a plain value, so it can't be changed");
      return;
    }
    for (var path : sealed.keySet()) {
      if (!DeployScript.PATH.matcher(path).matches()) {
        obstacle(
            "path_not_plain", Place.of(path), "The path isn't made of letters, digits, . _ - /");
        return;
      }
    }
    generate(
        DeployScript.path(core.version()),
        DeployScript.text(core, pipeFiles, targets(), sealed, tinyenv),
        /* executable= */ true);
    for (var script : scripts) {
      generate("deploy/" + core.version() + "/" + script, DeployScript.through(), true);
    }
    if (!versioned.equals(tinyenv)) {
      restore(VersionLine.FILE, versioned.get());
    }
  }

  private Map<String, DataSource> targets() {
    var targets = new HashMap<String, DataSource>();
    for (var m : core.migrations()) {
      head.dataSource(m.target())
          .or(() -> head.dataSource(m.source()))
          .ifPresent(d -> targets.put(m.target(), d));
    }
    return targets;
  }

  private void generate(String path, String text, boolean executable) {
    changes.put(path, new FileChange(path, Optional.of(text), executable, /* generated= */ true));
  }

  private void restore(String path, String text) {
    if (!text.equals(head.files().get(path))) {
      changes.put(
          path,
          new FileChange(path, Optional.of(text), /* executable= */ false, /* generated= */ false));
    }
  }

  /// The plan rests on this file: as it will be, with what it includes.
  private void seal(String path) {
    sealed.put(path, file(head, path));
    included(path).forEach(f -> sealed.put(f, file(head, f)));
  }

  /// Files of the project that lines of this one come from.
  private Stream<String> included(String path) {
    return parse(path).directives().stream()
        .flatMap(d ->
            Stream.concat(Stream.of(d.line()), d.block().stream().flatMap(b -> b.lines().stream())))
        .filter(line -> line.included() && head.files().containsKey(line.file()))
        .map(line -> line.file())
        .distinct();
  }

  private Datafile parse(String path) {
    return Texts.parse(path, file(head, path), head.files());
  }

  private static String file(Project project, String path) {
    var text = project.files().get(path);
    if (text == null) {
      throw new IllegalArgumentException("the project doesn't hold the text of " + path);
    }
    return text;
  }

  private void obstacle(String code, Place place, String message) {
    problems.add(
        Problem.error(
            code,
            place,
            message + ".",
            "Change it, or write this migration by hand; nothing was generated."));
  }
}
