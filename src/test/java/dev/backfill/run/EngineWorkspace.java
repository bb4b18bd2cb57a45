package dev.backfill.run;

import dev.backfill.change.Flow;
import dev.backfill.emit.Emitter;
import dev.backfill.failure.Failure;
import dev.backfill.local.engine.EngineException;
import dev.backfill.local.engine.Session;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import dev.backfill.sql.Quote;
import dev.backfill.sql.Template;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Branch;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A database of the embedded engine with the planner's and the emitter's own files deployed in it:
/// real SQL, real Materialized Views, copies as plain INSERT SELECT.
final class EngineWorkspace implements Tinybird, AutoCloseable {
  private final Session session;
  private final String id;
  private final Optional<String> main;
  private Project project = Project.empty();
  private final Map<String, LivePipe> pipes = new TreeMap<>();
  private final Map<String, Job> jobs = new LinkedHashMap<>();
  final List<Map<String, String>> copies = new ArrayList<>();

  /// Refuses a query or copy, where it gives a message.
  Function<String, Optional<String>> tooBig = sql -> Optional.empty();

  EngineWorkspace(String id, Optional<String> main) {
    this.id = id;
    this.main = main;
    session = TestEngine.shared().session();
    session.run("DROP DATABASE IF EXISTS " + id);
    session.run("CREATE DATABASE " + id);
    session.run("USE " + id);
  }

  @Override
  public void close() {
    session.run("DROP DATABASE " + id);
    session.close();
  }

  static Plan plan(SortedMap<String, String> base, SortedMap<String, String> head) {
    return Planner.plan(PlanRequest.of(ProjectReader.read(base), ProjectReader.read(head)));
  }

  /// The project as `generate` leaves it.
  static SortedMap<String, String> generated(
      Plan plan, SortedMap<String, String> base, SortedMap<String, String> head) {
    var files = new TreeMap<>(head);
    for (var change : Emitter.emit(plan, ProjectReader.read(base), ProjectReader.read(head))) {
      change.text().ifPresent(text -> files.put(change.path(), text));
    }
    return files;
  }

  /// The same with waits as short as they can be.
  static PlanCore quick(PlanCore core, String workspace, long chunkRows) {
    return new PlanCore(
        core.schemaVersion(),
        core.rules(),
        core.flavour(),
        core.version(),
        Optional.of(workspace),
        core.changes(),
        core.migrations(),
        core.forkedPipes(),
        core.cutover(),
        new PlanCore.Limits(
            Duration.ZERO,
            Duration.ofMillis(1),
            Duration.ofHours(24),
            500,
            1,
            chunkRows,
            Duration.ofMinutes(10),
            Duration.ofMillis(1)),
        List.of());
  }

  void run(String sql) {
    session.run(sql);
  }

  void deploy(SortedMap<String, String> files, Map<String, String> environment) {
    var next = ProjectReader.read(files);
    for (var source : next.dataSources().values()) {
      if (project.dataSource(source.name()).isEmpty()) {
        session.run(create(source));
      }
    }
    for (var pipe : next.pipes().values()) {
      if (project.pipe(pipe.name()).isEmpty()) {
        deploy(Flow.of(next), pipe, environment);
      }
    }
    project = next;
  }

  private void deploy(Flow flow, Pipe pipe, Map<String, String> environment) {
    var nodes = new ArrayList<LivePipe.LiveNode>();
    for (var node : pipe.nodes()) {
      var sql = filled(node.sql(), environment);
      if (node.kind() == Node.Kind.MATERIALIZED) {
        session.run(
            "CREATE MATERIALIZED VIEW %s TO %s AS %s"
                .formatted(
                    Quote.identifier("mv_" + pipe.name()),
                    Quote.identifier(node.target().orElseThrow()),
                    filled(flow.inlined(pipe, Map.of()).orElseThrow(), environment)));
      }
      nodes.add(
          new LivePipe.LiveNode(
              node.name(),
              node.name(),
              sql,
              node.kind().name(),
              node.kind() == Node.Kind.MATERIALIZED
                  ? node.target().map(t -> "id_" + t)
                  : Optional.empty()));
    }
    var now = now();
    pipes.put(pipe.name(), new LivePipe(pipe.name(), pipe.name(), "", now, now, nodes));
  }

  private static String filled(String text, Map<String, String> environment) {
    var sql = text;
    for (var e : environment.entrySet()) {
      sql = sql.replace("${" + e.getKey() + "}", e.getValue());
    }
    return sql.replace("$$", "$");
  }

  private static String create(DataSource source) {
    var columns =
        String.join(
            ", ",
            source.columns().stream()
                .map(c -> Quote.identifier(c.name()) + " " + c.type().text())
                .toList());
    var engine = source.engine();
    return "CREATE TABLE %s (%s) ENGINE = %s PARTITION BY (%s) ORDER BY (%s) SETTINGS allow_nullable_key = 1"
        .formatted(
            Quote.identifier(source.name()),
            columns,
            engine.family(),
            engine.partitionKey().isEmpty() ? "tuple()" : String.join(", ", engine.partitionKey()),
            engine.sortingKey().isEmpty() ? "tuple()" : String.join(", ", engine.sortingKey()));
  }

  private Instant now() {
    return Instant.parse(
        query("SELECT concat(replace(toString(now64(3, 'UTC')), ' ', 'T'), 'Z') AS t")
            .only()
            .text("t"));
  }

  long number(String sql) {
    var answer = query(sql);
    return answer.only().number(answer.columns().getFirst());
  }

  @Override
  public Workspace workspace() {
    return new Workspace(id, id, main);
  }

  @Override
  public List<Branch> branches() {
    return List.of();
  }

  @Override
  public Optional<Branch> branch(String name) {
    return Optional.empty();
  }

  private void check(String sql) {
    tooBig
        .apply(sql)
        .ifPresent(message -> {
          throw new Failure.Remote(Failure.Kind.SIZE, 408, Optional.empty(), message);
        });
  }

  @Override
  public Answer query(String select) {
    check(select);
    if (select.contains("tinybird.datasources_ops_log")) {
      return Forwarding.emptyLog(select);
    }
    String text;
    try {
      text = session.query(select, "TabSeparatedWithNames").text();
    } catch (EngineException e) {
      throw new Failure.Remote(
          Failure.Kind.PERMANENT, 400, Optional.empty(), e.getMessage() + " in " + select);
    }
    var lines = text.isEmpty() ? List.<String>of() : Arrays.asList(text.split("\n", -1));
    var names =
        lines.isEmpty() ? List.<String>of() : Arrays.asList(lines.getFirst().split("\t", -1));
    var rows = new ArrayList<Answer.Row>();
    for (var line : lines.subList(Math.min(1, lines.size()), Math.max(1, lines.size() - 1))) {
      var values = line.split("\t", -1);
      var row = new LinkedHashMap<String, @Nullable String>();
      for (var i = 0; i < names.size(); i++) {
        row.put(names.get(i), values[i].equals("\\N") ? null : unescape(values[i]));
      }
      rows.add(new Answer.Row(row));
    }
    return new Answer(names, rows, 0, 0, 0);
  }

  private static String unescape(String value) {
    return value.replace("\\'", "'").replace("\\\\", "\\");
  }

  @Override
  public Optional<LiveDataSource> dataSource(String name) {
    return project
        .dataSource(name)
        .map(d ->
            new LiveDataSource(
                "id_" + name,
                name,
                d.columns().stream()
                    .map(c ->
                        new LiveDataSource.LiveColumn(
                            c.name(), c.type().text(), c.jsonPath().orElse("")))
                    .toList(),
                "",
                d.engine().family()));
  }

  @Override
  public List<String> dataSourceNames() {
    return List.copyOf(project.dataSources().keySet());
  }

  @Override
  public Optional<LivePipe> pipe(String name) {
    return Optional.ofNullable(pipes.get(name));
  }

  @Override
  public List<LivePipe> pipes() {
    return List.copyOf(pipes.values());
  }

  @Override
  public Job startPopulate(String pipe, String node, Optional<String> condition) {
    throw new UnsupportedOperationException(pipe);
  }

  @Override
  public Job startCopy(String pipe, Map<String, String> parameters) {
    copies.add(Map.copyOf(parameters));
    var node = project.pipe(pipe).orElseThrow().nodes().getLast();
    var job = "job" + jobs.size();
    try {
      var sql = Template.renderBody(node.sql().replace("$$", "$"), parameters);
      var refused = tooBig.apply(sql);
      if (refused.isPresent()) {
        throw new EngineException("Code: 241. DB::Exception: " + refused.get());
      }
      var target = node.target().orElseThrow();
      var columns =
          String.join(
              ", ",
              project.dataSource(target).orElseThrow().columns().stream()
                  .map(c -> Quote.identifier(c.name()))
                  .toList());
      session.run(
          "INSERT INTO %s (%s) SELECT %s FROM (%s)"
              .formatted(Quote.identifier(target), columns, columns, sql));
      jobs.put(job, new Job(job, "copy", Job.State.DONE, Optional.empty(), false));
    } catch (EngineException e) {
      jobs.put(
          job,
          new Job(
              job, "copy", Job.State.ERROR, Optional.of(String.valueOf(e.getMessage())), false));
    }
    return Optional.ofNullable(jobs.get(job)).orElseThrow();
  }

  @Override
  public Optional<Job> job(String job) {
    return Optional.ofNullable(jobs.get(job));
  }

  @Override
  public List<Job> copyJobs(String pipe) {
    return List.copyOf(jobs.values()).reversed();
  }

  @Override
  public List<String> jobsTagged(String pipe, String tag) {
    return List.of();
  }

  @Override
  public Job cancel(String job) {
    throw new UnsupportedOperationException(job);
  }

  @Override
  public boolean createPipe(String name, String description, String sql) {
    if (pipes.containsKey(name)) {
      return false;
    }
    replacePipe(name, description, sql);
    return true;
  }

  @Override
  public boolean createView(String name, String description, String sql, String target) {
    if (pipes.containsKey(name)) {
      return false;
    }
    session.run(
        "CREATE MATERIALIZED VIEW %s TO %s AS %s"
            .formatted(Quote.identifier("mv_" + name), Quote.identifier(target), sql));
    var now = now();
    var node =
        new LivePipe.LiveNode("node", "node", sql, "materialized", Optional.of("id_" + target));
    pipes.put(name, new LivePipe(name, name, description, now, now, List.of(node)));
    return true;
  }

  @Override
  public void replacePipe(String name, String description, String sql) {
    var now = now();
    pipes.put(name, new LivePipe(name, name, description, now, now, List.of()));
  }

  @Override
  public void deletePipe(String name) {
    pipes.remove(name);
  }

  @Override
  public Appended append(String dataSource, String ndjson) {
    var columns =
        String.join(
            ", ",
            project.dataSource(dataSource).orElseThrow().columns().stream()
                .map(c -> Quote.identifier(c.name()))
                .toList());
    session.insert(
        "INSERT INTO " + Quote.identifier(dataSource) + " (" + columns + ")",
        "JSONEachRow",
        ndjson.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    return new Appended(ndjson.lines().count(), 0);
  }
}
