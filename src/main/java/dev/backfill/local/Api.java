package dev.backfill.local;

import dev.backfill.local.engine.EngineException;
import dev.backfill.sql.TemplateException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// The routes.
final class Api {

  /// The request is served, but its answer never gets out.
  static final class Lost extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private final Core core;
  private final Queries queries;
  private final Ingest ingest;
  private final Resources resources;
  private final Jobs jobs;
  private final Copies copies;
  private final Populates populates;
  private final Branches branches;
  private final String url;

  Api(
      Core core,
      Queries queries,
      Ingest ingest,
      Resources resources,
      Jobs jobs,
      Copies copies,
      Populates populates,
      Branches branches,
      String url) {
    this.core = core;
    this.queries = queries;
    this.ingest = ingest;
    this.resources = resources;
    this.jobs = jobs;
    this.copies = copies;
    this.populates = populates;
    this.branches = branches;
    this.url = url;
  }

  Reply answer(Request request) {
    try {
      return dispatch(request);
    } catch (EngineException e) {
      return Reply.error(Sql.refusal(e));
    } catch (TemplateException e) {
      return Reply.error(new Refusal(400, "[Error] " + e.getMessage()));
    } catch (Refusal e) {
      return Reply.error(e);
    }
  }

  private Reply dispatch(Request request) {
    var path = request.path();
    if (path.equals(List.of("v0", "regions")) && request.method().equals("GET")) {
      return Reply.json(
          Map.of(
              "regions",
              List.of(Map.of("name", "local", "api_host", url, "host", url, "provider", "local"))));
    }
    var space =
        request.token().flatMap(core::byToken).orElseThrow(() -> new Refusal(403, "Invalid token"));
    if (path.size() == 2 && path.getFirst().equals("local")) {
      return local(request, path.get(1));
    }
    var fault = core.faults.take(request.method(), request.rawPath());
    if (fault.isPresent()) {
      throw fault.get();
    }
    if (path.size() < 2 || !path.getFirst().equals("v0")) {
      throw unknown(request);
    }
    var rest = path.subList(2, path.size());
    return switch (path.get(1)) {
      case "workspace" -> workspace(space, request, rest);
      case "workspaces" -> workspaces(space, request, rest);
      case "user" -> user(space, request, rest);
      case "auth" -> Reply.json(Map.of("is_valid", true, "is_user", true));
      case "environments" -> environments(space, request, rest);
      case "sql" -> sql(space, request, rest);
      case "events" -> events(space, request, rest);
      case "datasources" -> dataSources(space, request, rest);
      case "pipes" -> pipes(space, request, rest);
      case "jobs" -> jobs(space, request, rest);
      default -> throw unknown(request);
    };
  }

  private static Refusal unknown(Request request) {
    return new Refusal(
        404, "the local workspace has no route " + request.method() + " " + request.rawPath());
  }

  private static Refusal unserved(Request request) {
    return new Refusal(
        501, "the local workspace doesn't serve " + request.method() + " " + request.rawPath());
  }

  private Reply local(Request request, String what) {
    if (what.equals("faults") && request.method().equals("POST")) {
      core.faults.apply(Json.object(request.body()));
      return Reply.json(Map.of("ok", true));
    }
    throw unknown(request);
  }

  private static Reply workspace(Space space, Request request, List<String> rest) {
    if (!rest.isEmpty() || !request.method().equals("GET")) {
      throw unserved(request);
    }
    var json = space.json();
    json.put("user_email", LocalWorkspace.USER_EMAIL);
    json.put("user_id", LocalWorkspace.USER_ID);
    json.put("scope", "admin");
    return Reply.json(json);
  }

  private Reply user(Space space, Request request, List<String> rest) {
    if (!rest.equals(List.of("workspaces")) || !request.method().equals("GET")) {
      throw unserved(request);
    }
    var only = request.flag("only_environments");
    var with = only || request.flag("with_environments");
    var listed =
        core.spaces().stream().filter(s -> s.branch() ? with : !only).map(Space::json).toList();
    var json = Json.map();
    json.put("id", LocalWorkspace.USER_ID);
    json.put("workspaces", space.branch() && !with ? List.of(core.main.json()) : listed);
    return Reply.json(json);
  }

  private Reply workspaces(Space space, Request request, List<String> rest) {
    if (rest.isEmpty()) {
      throw unserved(request);
    }
    var named =
        core.byId(rest.getFirst())
            .filter(s -> s.id().equals(space.id()) || !space.branch())
            .orElseThrow(() -> new Refusal(404, "Workspace " + rest.getFirst() + " not found"));
    if (rest.size() == 1 && request.method().equals("GET")) {
      return Reply.json(Branches.json(named, request.flag("with_token")));
    }
    if (rest.size() >= 2 && rest.get(1).equals("releases")) {
      return releases(named, request, rest.subList(2, rest.size()));
    }
    throw unserved(request);
  }

  private Reply releases(Space space, Request request, List<String> rest) {
    var identity = space.identity();
    switch (request.method() + " " + rest.size()) {
      case "GET 0" -> {
        return Reply.json(
            Map.of("releases", identity.commit().isEmpty() ? List.of() : List.of(release(space))));
      }
      case "POST 0" -> {
        if (!request.parameter("commit").matches("[0-9a-f]{7,64}")) {
          throw new Refusal(400, "the parameter commit is missing or not a commit");
        }
        if (!identity.commit().isEmpty() && !request.flag("force")) {
          throw new Refusal(409, "There is already a release; use force");
        }
        space.identity(
            identity.withRelease(
                request.parameter("commit"),
                identity.semver().isEmpty() ? "0.0.0" : identity.semver()));
      }
      case "PUT 1" -> {
        if (!identity.semver().equals(rest.getFirst())) {
          throw new Refusal(404, "Release " + rest.getFirst() + " not found");
        }
        var semver = request.parameter("new_semver");
        var commit = request.parameter("commit");
        space.identity(
            identity.withRelease(
                commit.isEmpty() ? identity.commit() : commit,
                semver.isEmpty() ? identity.semver() : semver));
      }
      default -> throw unserved(request);
    }
    core.saveSpace(space);
    return Reply.json(release(space));
  }

  private static Map<String, Object> release(Space space) {
    return Map.of(
        "commit", space.identity().commit(), "semver", space.identity().semver(), "status", "live");
  }

  private Reply environments(Space space, Request request, List<String> rest) {
    return switch (request.method() + " " + rest.size()) {
      case "GET 0" -> {
        yield Reply.json(
            Map.of(
                "environments",
                core.branches().stream()
                    .map(b -> Branches.json(b, request.flag("with_token")))
                    .toList()));
      }
      case "POST 0" -> {
        if (space.branch()) {
          throw new Refusal(403, "a branch can't be made from a branch");
        }
        var ignored = request.parameter("ignore_datasources");
        var begun =
            branches.create(
                request.parameter("name"),
                request.parameter("data"),
                ignored.isEmpty() ? List.of() : List.of(ignored.split(",")));
        yield Reply.json(
            Map.of(
                "job",
                json(begun.job().submitted()),
                "workspace",
                Map.of("id", begun.branch().id(), "name", begun.branch().identity().name())));
      }
      case "GET 1" -> {
        yield Reply.json(
            Branches.json(
                branches
                    .find(rest.getFirst())
                    .orElseThrow(
                        () -> new Refusal(404, "Branch \"" + rest.getFirst() + "\" not found")),
                request.flag("with_token")));
      }
      case "DELETE 1" -> {
        if (space.branch()) {
          throw new Refusal(403, "a branch is deleted with a token of its workspace");
        }
        branches.delete(rest.getFirst());
        yield Reply.empty(204);
      }
      default -> throw unserved(request);
    };
  }

  private Reply sql(Space space, Request request, List<String> rest) {
    if (!rest.isEmpty() || !(request.method().equals("GET") || request.method().equals("POST"))) {
      throw unserved(request);
    }
    return queries.sql(space, request);
  }

  private Reply events(Space space, Request request, List<String> rest) {
    if (!rest.isEmpty() || !request.method().equals("POST")) {
      throw unserved(request);
    }
    var definition = Resources.dataSource(space, request.parameter("name"));
    var body =
        request.parameter("format").equals("json")
            ? request
                .text()
                .replace('\n', ' ')
                .replace('\r', ' ')
                .getBytes(java.nio.charset.StandardCharsets.UTF_8)
            : request.body();
    var done = ingest.append(space, definition, Rows.ndjson(definition, body), "append-hfi");
    return Reply.json(
        request.flag("wait") ? 200 : 202,
        Map.of("successful_rows", done.rows(), "quarantined_rows", done.quarantined()));
  }

  private Reply dataSources(Space space, Request request, List<String> rest) {
    return switch (request.method() + " " + rest.size()) {
      case "GET 0" ->
          Reply.json(
              Map.of(
                  "datasources",
                  space.dataSources.values().stream().map(d -> json(space, d)).toList()));
      case "POST 0" -> {
        var mode = request.parameter("mode");
        if (mode.isEmpty() || mode.equals("create")) {
          var form = new HashMap<>(request.query());
          form.putAll(request.form());
          var made = resources.createDataSource(space, form);
          yield Reply.json(Map.of("datasource", json(space, made), "import_id", Clock.uuid()));
        }
        yield append(space, request, mode);
      }
      case "GET 1" -> {
        if (rest.getFirst().endsWith(".datasource")) {
          throw unserved(request);
        }
        yield Reply.json(json(space, Resources.dataSource(space, rest.getFirst())));
      }
      case "DELETE 1" -> {
        var dry = request.flag("dry_run");
        var answer =
            resources.deleteDataSource(
                space, Resources.dataSource(space, rest.getFirst()), request.flag("force"), dry);
        yield dry ? Reply.json(answer) : Reply.empty(204);
      }
      case "POST 2" -> {
        var definition = Resources.dataSource(space, rest.getFirst());
        yield switch (rest.get(1)) {
          case "alter" ->
              Reply.json(
                  resources.alter(space, definition.name(), merged(request), request.flag("dry")));
          case "truncate" -> {
            resources.truncate(space, definition);
            yield Reply.empty(205);
          }
          default -> throw unserved(request);
        };
      }
      default -> throw unserved(request);
    };
  }

  private static Map<String, String> merged(Request request) {
    var merged = new HashMap<>(request.query());
    merged.putAll(request.form());
    return merged;
  }

  private Reply append(Space space, Request request, String mode) {
    if (!mode.equals("append") || !request.parameter("url").isEmpty()) {
      throw new Refusal(
          501, "the local workspace appends bodies and files only: no mode=" + mode + ", no url");
    }
    var definition = Resources.dataSource(space, request.parameter("name"));
    var format = request.parameter("format");
    var used = format.isEmpty() ? definition.format() : format;
    var delimiter = request.parameter("dialect_delimiter");
    var rows =
        switch (used.toLowerCase(Locale.ROOT)) {
          case "ndjson" -> Rows.ndjson(definition, request.file());
          case "csv" ->
              Rows.csv(definition, request.file(), delimiter.isEmpty() ? ',' : delimiter.charAt(0));
          default -> throw new Refusal(501, "the format " + used + " is not served");
        };
    var done = ingest.append(space, definition, rows, "append");
    var json = Json.map();
    json.put("datasource", json(space, definition));
    json.put("import_id", Clock.uuid());
    json.put("error", false);
    json.put("quarantine_rows", done.quarantined());
    json.put("invalid_lines", done.quarantined());
    return Reply.json(json);
  }

  private Map<String, Object> json(Space space, Definition definition) {
    var counted =
        core.rows(
            space,
            "SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts"
                + " WHERE active AND database = "
                + Sql.literal(space.database())
                + " AND table IN ("
                + Sql.literal(definition.name())
                + ", "
                + Sql.literal(definition.name() + "_quarantine")
                + ") GROUP BY table");
    var sizes = new long[] {0, 0};
    var quarantined = 0L;
    for (var row : counted) {
      if (Json.string(row, "table").equals(definition.name())) {
        sizes = new long[] {row.path("rows").asLong(), row.path("bytes").asLong()};
      } else {
        quarantined = row.path("rows").asLong();
      }
    }
    var json = definition.json(java.util.Optional.of(sizes), quarantined);
    json.put(
        "used_by",
        Resources.dependents(space, definition).stream()
            .map(p -> Map.of("id", p.id(), "name", p.name()))
            .toList());
    return json;
  }

  private Reply pipes(Space space, Request request, List<String> rest) {
    var method = request.method();
    if (rest.isEmpty()) {
      return switch (method) {
        case "GET" ->
            Reply.json(
                Map.of("pipes", space.pipes.values().stream().map(p -> p.json(space)).toList()));
        case "POST" ->
            Reply.json(
                resources
                    .push(
                        space,
                        Json.object(request.body()),
                        request.flag("force"),
                        request.flag("ignore_sql_errors"))
                    .json(space));
        default -> throw unserved(request);
      };
    }
    var name = rest.getFirst();
    if (rest.size() == 1) {
      return switch (method) {
        case "DELETE" -> {
          resources.deletePipe(space, name);
          yield Reply.empty(204);
        }
        case "GET", "POST" -> onePipe(space, request, name);
        default -> throw unserved(request);
      };
    }
    if (rest.size() == 2 && rest.get(1).equals("copy") && method.equals("POST")) {
      return copy(space, request, name);
    }
    if (rest.size() == 4 && rest.get(1).equals("nodes")) {
      var node = rest.get(2);
      var form = merged(request);
      return switch (method + " " + rest.get(3)) {
        case "POST endpoint" -> Reply.json(resources.publish(space, name, node, true).json(space));
        case "DELETE endpoint" ->
            Reply.json(resources.publish(space, name, node, false).json(space));
        case "PUT copy", "POST copy" ->
            Reply.json(resources.copyNode(space, name, node, form).json(space));
        case "DELETE copy" -> {
          resources.noCopyNode(space, name, node);
          yield Reply.empty(204);
        }
        case "POST population" ->
            Reply.json(
                Map.of(
                    "job",
                    json(
                        populates
                            .start(space, Resources.pipe(space, name), node, form)
                            .submitted())));
        case "DELETE materialization" -> {
          resources.unlink(space, name, node);
          yield Reply.empty(204);
        }
        default -> throw unserved(request);
      };
    }
    throw unserved(request);
  }

  private Reply onePipe(Space space, Request request, String name) {
    var dot = name.lastIndexOf('.');
    if (dot > 0) {
      var format = name.substring(dot + 1);
      if (format.equals("pipe")) {
        throw unserved(request);
      }
      return queries.endpoint(
          space, Resources.pipe(space, name.substring(0, dot)), format, request);
    }
    if (!request.method().equals("GET")) {
      throw unserved(request);
    }
    return Reply.json(Resources.pipe(space, name).json(space));
  }

  private Reply copy(Space space, Request request, String name) {
    var pipe = Resources.pipe(space, name);
    var parameters = merged(request);
    for (var ours : List.of("token", "_mode", "cli_version", "__tb__semver", "from")) {
      parameters.remove(ours);
    }
    var mode = request.parameter("_mode");
    var lost = core.faults.takeLost();
    if (lost.isPresent()) {
      switch (lost.get()) {
        case BEFORE -> {}
        case AFTER -> copies.start(space, pipe, parameters, mode);
        case LATE -> late(space, pipe, parameters, mode);
      }
      throw new Lost();
    }
    var job = copies.start(space, pipe, parameters, mode).submitted();
    var node = pipe.copyNode().orElseThrow();
    var json = Json.map();
    json.put("id", node.id());
    json.put("name", node.name());
    json.put("sql", node.sql());
    json.put("job", json(job));
    json.put(
        "tags",
        Map.of("copy_target_datasource", job.dataSourceId(), "copy_target_workspace", space.id()));
    return Reply.json(json);
  }

  private void late(Space space, PipeDefinition pipe, Map<String, String> parameters, String mode) {
    var millis = core.faults.lateMillis();
    Thread.ofPlatform()
        .daemon()
        .name("late-copy")
        .start(() -> {
          LockSupport.parkNanos(millis * 1_000_000);
          copies.start(space, pipe, parameters, mode);
        });
  }

  private Reply jobs(Space space, Request request, List<String> rest) {
    return switch (request.method() + " " + rest.size()) {
      case "GET 0" -> {
        var kind = request.parameter("kind");
        var status = request.parameter("status");
        var pipeId = request.parameter("pipe_id");
        var pipeName = request.parameter("pipe_name");
        yield Reply.json(
            Map.of(
                "jobs",
                jobs.list(space).stream()
                    .filter(j -> kind.isEmpty() || j.kind().equals(kind))
                    .filter(
                        j -> status.isEmpty() || List.of(status.split(",")).contains(j.status()))
                    .filter(j -> pipeId.isEmpty() || j.pipeId().equals(pipeId))
                    .filter(j -> pipeName.isEmpty() || j.pipeName().equals(pipeName))
                    .map(this::json)
                    .toList()));
      }
      case "GET 1" ->
          Reply.json(
              json(
                  jobs.find(space, rest.getFirst())
                      .orElseThrow(
                          () -> new Refusal(404, "Job " + rest.getFirst() + " not found"))));
      case "POST 2" -> {
        if (!rest.get(1).equals("cancel")) {
          throw unserved(request);
        }
        yield Reply.json(json(jobs.cancel(space, rest.getFirst())));
      }
      default -> throw unserved(request);
    };
  }

  private Map<String, Object> json(JobState job) {
    return job.json(url, core.faults.booleanErrors());
  }
}
