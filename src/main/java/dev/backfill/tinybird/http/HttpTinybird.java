package dev.backfill.tinybird.http;

import dev.backfill.failure.Failure;
import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.http.Http;
import dev.backfill.http.Reply;
import dev.backfill.http.Request;
import dev.backfill.http.Request.Effect;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Branch;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// The API of a Classic workspace over HTTP. The token says which workspace or branch; it travels
/// in a header and is in no message.
public final class HttpTinybird implements Tinybird {
  private static final Pattern ALREADY =
      Pattern.compile("already (exists|in use|being used|taken)", Pattern.CASE_INSENSITIVE);

  private final Http http;
  private final URI host;
  private final Supplier<String> token;

  /// @param host with its scheme, see [Host#parse]
  /// @param token asked for at every request, so that it can change
  public HttpTinybird(Http http, URI host, Supplier<String> token) {
    this.http = http;
    this.host = host;
    this.token = token;
  }

  public HttpTinybird(Http http, URI host, String token) {
    this(http, host, () -> token);
  }

  @Override
  public Workspace workspace() {
    return get(
        tree ->
            new Workspace(
                Wire.required(tree, "id"),
                Wire.required(tree, "name"),
                Wire.optional(tree, "main")),
        Map.of(),
        "v0",
        "workspace");
  }

  @Override
  public List<Branch> branches() {
    // 2.x called them branches
    return get(
        tree -> each(Wire.list(tree, "environments", "branches").toList(), Wire::branch),
        Map.of(),
        "v0",
        "environments");
  }

  @Override
  public Optional<Branch> branch(String name) {
    return unlessAbsent(
        () -> get(Wire::branch, Wire.ordered("with_token", "true"), "v0", "environments", name));
  }

  @Override
  public Answer query(String select) {
    var request =
        new Request(
            "POST",
            Host.at(host, List.of("v0", "sql"), Map.of()),
            Effect.REPEATABLE,
            Optional.of(token()),
            Optional.of(body("text/plain", withFormat(select))));
    var reply = http.send(request, Wire::errorText);
    return read(request, reply, Wire::answer);
  }

  /// What comes back without FORMAT is not promised to be JSON. The line break ends a comment.
  private static String withFormat(String select) {
    var text = select.stripTrailing();
    while (text.endsWith(";")) {
      text = text.substring(0, text.length() - 1).stripTrailing();
    }
    return text + "\nFORMAT JSON";
  }

  @Override
  public Optional<LiveDataSource> dataSource(String name) {
    return unlessAbsent(() -> get(Wire::dataSource, Map.of(), "v0", "datasources", name));
  }

  @Override
  public List<String> dataSourceNames() {
    return get(
        tree -> each(Wire.list(tree, "datasources").toList(), node -> Wire.required(node, "name")),
        Wire.ordered("attrs", "id,name"),
        "v0",
        "datasources");
  }

  @Override
  public Optional<LivePipe> pipe(String name) {
    return unlessAbsent(() -> get(Wire::pipe, Map.of(), "v0", "pipes", name));
  }

  @Override
  public List<LivePipe> pipes() {
    return get(
        tree -> each(Wire.list(tree, "pipes").toList(), Wire::pipe),
        Wire.ordered("dependencies", "false"),
        "v0",
        "pipes");
  }

  @Override
  public Job startCopy(String pipe, Map<String, String> parameters) {
    if (parameters.containsKey("_mode")) {
      throw new IllegalArgumentException("the mode is always append");
    }
    var query = new LinkedHashMap<>(parameters);
    query.put("_mode", "append");
    return post(
        tree -> Wire.job(tree.path("job").isObject() ? tree.path("job") : tree),
        Optional.empty(),
        query,
        "v0",
        "pipes",
        pipe,
        "copy");
  }

  @Override
  public Job startPopulate(String pipe, String node, Optional<String> condition) {
    var query =
        // what the server does without truncate is not documented
        Wire.ordered("truncate", "false", "unlink_on_populate_error", "false");
    condition.ifPresent(text -> query.put("populate_condition", text));
    return post(
        tree -> Wire.job(tree.path("job").isObject() ? tree.path("job") : tree),
        Optional.empty(),
        query,
        "v0",
        "pipes",
        pipe,
        "nodes",
        node,
        "population");
  }

  @Override
  public Optional<Job> job(String id) {
    return unlessAbsent(() -> get(Wire::job, Map.of(), "v0", "jobs", id));
  }

  @Override
  public List<Job> copyJobs(String pipe) {
    var newestFirst =
        Comparator.comparing((JsonNode job) -> Wire.optional(job, "created_at").orElse(""))
            .reversed();
    return get(
        tree ->
            each(
                Wire.list(tree, "jobs")
                    .filter(job -> Wire.optional(job, "kind").orElse("copy").startsWith("copy"))
                    // a server that knows no filters lists every pipe's
                    .filter(job ->
                        Wire.optional(job, "pipe_name")
                            .or(() -> Wire.optional(job.path("pipe"), "name"))
                            .orElse(pipe)
                            .equals(pipe))
                    .sorted(newestFirst)
                    .toList(),
                Wire::job),
        Wire.ordered("kind", "copy", "pipe_name", pipe),
        "v0",
        "jobs");
  }

  @Override
  public List<String> jobsTagged(String pipe, String tag) {
    var select =
        """
        SELECT DISTINCT job_id FROM tinybird.jobs_log
        WHERE job_type IN ('copy', 'copy_from_branch')
          AND JSONExtractString(job_metadata, 'pipe_name') = %s
          AND JSONExtractString(job_metadata, 'parameters', 'tag') = %s
        ORDER BY job_id\
        """
            .formatted(literal(pipe), literal(tag));
    try {
      return query(select).rows().stream().map(row -> row.text("job_id")).toList();
    } catch (Remote e) {
      // Not every workspace has the log. Any other refusal is one.
      if ((e.kind() == Kind.PERMANENT || e.kind() == Kind.NOT_FOUND)
          && String.valueOf(e.getMessage()).contains("jobs_log")) {
        return List.of();
      }
      throw e;
    }
  }

  @Override
  public Job cancel(String id) {
    // a second cancellation changes nothing, so this may be repeated
    return call(
        Wire::job,
        new Request(
            "POST",
            Host.at(host, List.of("v0", "jobs", id, "cancel"), Map.of()),
            Effect.REPEATABLE,
            Optional.of(token()),
            Optional.empty()));
  }

  @Override
  public boolean createPipe(String name, String description, String sql) {
    return created(
        () -> push(name, description, sql, "", Wire.ordered("ignore_sql_errors", "false")));
  }

  @Override
  public boolean createView(String name, String description, String sql, String target) {
    return created(
        () -> push(name, description, sql, target, Wire.ordered("ignore_sql_errors", "false")));
  }

  private static boolean created(Runnable push) {
    try {
      push.run();
      return true;
    } catch (Remote e) {
      if (e.kind() == Kind.CONFLICT
          || (e.kind() == Kind.PERMANENT
              && e.status() == 400
              && ALREADY.matcher(String.valueOf(e.getMessage())).find())) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public void replacePipe(String name, String description, String sql) {
    push(name, description, sql, "", Wire.ordered("ignore_sql_errors", "false", "force", "true"));
  }

  /// @param target the Data Source that it materializes into; empty when it is only read
  private void push(
      String name, String description, String sql, String target, Map<String, String> query) {
    var pipe = Wire.JSON.createObjectNode();
    pipe.put("name", name).put("description", description);
    var node = pipe.putArray("nodes").addObject();
    node.put("name", "node")
        .put("type", target.isEmpty() ? "standard" : "materialized")
        .put("description", "")
        .put("sql", sql);
    if (!target.isEmpty()) {
      node.put("datasource", target);
    }
    post(
        tree -> Wire.required(tree, "id", "name"),
        Optional.of(body("application/json", pipe.toString())),
        query,
        "v0",
        "pipes");
  }

  @Override
  public void deletePipe(String name) {
    http.send(
        new Request(
            "DELETE",
            Host.at(host, List.of("v0", "pipes", name), Map.of()),
            Effect.ONCE,
            Optional.of(token()),
            Optional.empty()),
        Wire::errorText);
  }

  @Override
  public Appended append(String dataSource, String ndjson) {
    var request =
        new Request(
            "POST",
            Host.at(
                host, List.of("v0", "events"), Wire.ordered("name", dataSource, "wait", "true")),
            Effect.ONCE,
            Optional.of(token()),
            Optional.of(body("application/x-ndjson", ndjson)));
    var reply = http.send(request, Wire::errorText);
    if (reply.status() == 202) {
      throw http.refused(request, Kind.LOST, 202, "accepted, not acknowledged");
    }
    return read(
        request,
        reply,
        text -> {
          var tree = Wire.success(text);
          return new Appended(
              Long.parseLong(Wire.required(tree, "successful_rows")),
              Long.parseLong(Wire.optional(tree, "quarantined_rows").orElse("0")));
        });
  }

  private interface Reading<T> {
    T of(JsonNode tree) throws Wire.Odd;
  }

  private interface Parsing<T> {
    T of(String text) throws Wire.Odd, Wire.Said;
  }

  private <T> T get(Reading<T> reading, Map<String, String> query, String... path) {
    return call(
        reading,
        new Request(
            "GET",
            Host.at(host, List.of(path), query),
            Effect.REPEATABLE,
            Optional.of(token()),
            Optional.empty()));
  }

  private <T> T post(
      Reading<T> reading, Optional<Request.Body> body, Map<String, String> query, String... path) {
    return call(
        reading,
        new Request(
            "POST", Host.at(host, List.of(path), query), Effect.ONCE, Optional.of(token()), body));
  }

  private <T> T call(Reading<T> reading, Request request) {
    var reply = http.send(request, Wire::errorText);
    // a job says of itself that it failed: that is its state, not a refusal
    var job = request.uri().getRawPath().startsWith(host.getRawPath() + "/v0/jobs");
    return read(request, reply, text -> reading.of(job ? Wire.object(text) : Wire.success(text)));
  }

  private <T> T read(Request request, Reply reply, Parsing<T> parsing) {
    try {
      return parsing.of(reply.text());
    } catch (Wire.Said e) {
      throw http.refused(request, http.kindOf(request, e.text), reply.status(), e.text);
    } catch (Wire.Odd | NumberFormatException e) {
      // it was carried out, perhaps, and we can't tell what came of it
      var kind = request.effect() == Effect.ONCE ? Kind.LOST : Kind.PERMANENT;
      throw http.refused(
          request, kind, reply.status(), "an answer we can't read: " + e.getMessage());
    }
  }

  private static <T> List<T> each(List<JsonNode> nodes, Reading<T> reading) throws Wire.Odd {
    var result = new ArrayList<T>();
    for (var node : nodes) {
      result.add(reading.of(node));
    }
    return result;
  }

  private static <T> Optional<T> unlessAbsent(Supplier<T> call) {
    try {
      return Optional.of(call.get());
    } catch (Remote e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static Request.Body body(String type, String text) {
    return new Request.Body(type, text.getBytes(StandardCharsets.UTF_8));
  }

  private static String literal(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  private String token() {
    var text = token.get().strip();
    if (text.isEmpty()) {
      throw new Failure.Usage("no token for " + host.getHost() + ". Set it in the environment.");
    }
    return text;
  }
}
