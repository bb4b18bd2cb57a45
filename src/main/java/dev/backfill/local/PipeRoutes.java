package dev.backfill.local;

import static dev.backfill.local.AccountRoutes.route;
import static dev.backfill.local.AccountRoutes.unserved;
import static dev.backfill.local.Mark.C;
import static dev.backfill.local.Mark.D;
import static dev.backfill.local.Mark.R;

import dev.backfill.local.Route.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// Pipes, copies, populates and jobs (API reference 4.4, 6 to 9).
final class PipeRoutes {
  private static final List<String> NOT_PARAMETERS =
      List.of("token", "_mode", "cli_version", "__tb__semver", "from");
  private final Core core;
  private final Queries queries;
  private final Resources resources;
  private final Jobs jobs;
  private final Copies copies;
  private final Populates populates;

  PipeRoutes(
      Core core,
      Queries queries,
      Resources resources,
      Jobs jobs,
      Copies copies,
      Populates populates) {
    this.core = core;
    this.queries = queries;
    this.resources = resources;
    this.jobs = jobs;
    this.copies = copies;
    this.populates = populates;
  }

  List<Route> routes() {
    var routes = new ArrayList<Route>();
    routes.add(route("GET", "/v0/pipes", "6", List.of(C), this::all));
    routes.add(route("POST", "/v0/pipes", "6.1", List.of(C), creating(this::push)));
    routes.add(route("GET", "/v0/pipes/{pipe}.pipe", "5.1", List.of(C), reading(this::datafile)));
    for (var format : List.of("json", "csv", "ndjson", "parquet")) {
      for (var method : List.of("GET", "POST")) {
        routes.add(
            route(
                method,
                "/v0/pipes/{pipe}." + format,
                "4.4",
                List.of(C),
                reading(call ->
                    queries.endpoint(
                        call.space(), call.access(), pipe(call), format, call.request()))));
      }
    }
    routes.add(
        route(
            "GET",
            "/v0/pipes/{pipe}",
            "6",
            List.of(C),
            reading(call -> Reply.json(pipe(call).json(call.space())))));
    routes.add(
        route(
            "DELETE",
            "/v0/pipes/{pipe}",
            "6.2",
            List.of(C),
            call -> {
              call.access().need("PIPES:DROP", call.at("pipe"));
              resources.deletePipe(call.space(), call.at("pipe"));
              return Reply.empty(204);
            }));
    nodeRoutes(routes);
    routes.add(route("POST", "/v0/pipes/{pipe}/copy", "7", List.of(C), creating(this::copy)));
    for (var paused : List.of(true, false)) {
      routes.add(
          route(
              "POST",
              "/v0/pipes/{pipe}/copy/" + (paused ? "pause" : "resume"),
              "7",
              List.of(C),
              creating(call ->
                  Reply.json(
                      resources.pause(call.space(), call.at("pipe"), paused).json(call.space())))));
    }
    routes.add(unserved("POST", "/v0/pipes/{pipe}/copy/cancel", "7", List.of(R)));
    routes.add(route("GET", "/v0/jobs", "9", List.of(D), this::jobs));
    routes.add(route("GET", "/v0/jobs/{job}", "9", List.of(C), this::job));
    routes.add(
        route(
            "POST",
            "/v0/jobs/{job}/cancel",
            "9",
            List.of(C),
            AccountRoutes.admin(
                call -> Reply.json(jobs.json(jobs.cancel(call.space(), call.at("job")))))));
    return routes;
  }

  private void nodeRoutes(List<Route> routes) {
    routes.add(
        route(
            "POST",
            "/v0/pipes/{pipe}/nodes",
            "6.2",
            List.of(C),
            creating(call -> {
              var added =
                  resources.addNode(
                      call.space(),
                      call.at("pipe"),
                      call.request().parameter("name"),
                      call.request().text());
              return Reply.json(pipe(call).json(added, call.space()));
            })));
    var node = "/v0/pipes/{pipe}/nodes/{node}";
    for (var on : List.of(true, false)) {
      routes.add(
          route(
              on ? "POST" : "DELETE",
              node + "/endpoint",
              "6.2",
              List.of(C),
              creating(call ->
                  Reply.json(
                      resources
                          .publish(call.space(), call.at("pipe"), call.at("node"), on)
                          .json(call.space())))));
    }
    for (var method : List.of("PUT", "POST")) {
      routes.add(
          route(
              method,
              node + "/copy",
              method.equals("PUT") ? "6.1" : "7",
              method.equals("PUT") ? List.of(C) : List.of(D),
              creating(this::copyNode)));
    }
    for (var type : List.of("copy", "sink", "stream")) {
      routes.add(
          route(
              "DELETE",
              node + "/" + type,
              "6.2",
              List.of(C),
              creating(call -> {
                resources.unset(call.space(), call.at("pipe"), call.at("node"), type);
                return Reply.empty(204);
              })));
    }
    routes.add(
        route(
            "DELETE",
            node + "/materialization",
            "6.2",
            List.of(C),
            creating(call -> {
              resources.unlink(call.space(), call.at("pipe"), call.at("node"));
              return Reply.empty(204);
            })));
    routes.add(
        route(
            "POST",
            node + "/population",
            "8",
            List.of(C, D),
            creating(call ->
                Reply.json(
                    Map.of(
                        "job",
                        jobs.json(
                            populates
                                .start(call.space(), pipe(call), call.at("node"), call.parameters())
                                .submitted()))))));
    routes.add(unserved("GET", node + "/analysis", "6.2", List.of(C)));
  }

  private static Route.Handler creating(Route.Handler handler) {
    return call -> {
      call.access().need("PIPES:CREATE", call.at("pipe"));
      return handler.answer(call);
    };
  }

  private static Route.Handler reading(Route.Handler handler) {
    return call -> {
      call.access().need("PIPES:READ", pipe(call).name());
      return handler.answer(call);
    };
  }

  private static PipeDefinition pipe(Call call) {
    return Resources.pipe(call.space(), call.at("pipe"));
  }

  private Reply all(Call call) {
    return Reply.json(
        Map.of(
            "pipes",
            call.space().pipes.values().stream()
                .filter(p -> call.access().may("PIPES:READ", p.name()))
                .map(p -> p.json(call.space()))
                .toList()));
  }

  private Reply datafile(Call call) {
    return Reply.text(pipe(call).datafile());
  }

  private Reply push(Call call) {
    var request = call.request();
    var pushed = Json.object(request.body());
    var created = resources.createTargets(call.space(), pushed, request.flag("ignore_sql_errors"));
    PipeDefinition pipe;
    try {
      pipe =
          resources.push(
              call.space(), pushed, request.flag("force"), request.flag("ignore_sql_errors"));
    } catch (RuntimeException e) {
      created.forEach(d -> resources.deleteDataSource(call.space(), d, true, false));
      throw e;
    }
    var json = pipe.json(call.space());
    if (pipe.nodes().stream().anyMatch(PipeDefinition.PipeNode::materialized)) {
      json.put("created_datasource", !created.isEmpty());
    }
    if (request.flag("populate")
        && pipe.nodes().stream().anyMatch(PipeDefinition.PipeNode::materialized)) {
      var parameters = call.parameters();
      parameters.put("truncate", "false");
      json.put("job", jobs.json(populates.start(call.space(), pipe, "", parameters).submitted()));
    }
    return Reply.json(json);
  }

  private Reply copyNode(Call call) {
    var form = call.parameters();
    if (form.containsKey("target_datasource")) {
      call.access().need("DATASOURCES:APPEND", form.get("target_datasource"));
    }
    return Reply.json(
        resources
            .copyNode(call.space(), call.at("pipe"), call.at("node"), form)
            .json(call.space()));
  }

  private Reply copy(Call call) {
    var space = call.space();
    var pipe = pipe(call);
    var parameters = call.parameters();
    NOT_PARAMETERS.forEach(parameters::remove);
    var mode = call.request().parameter("_mode");
    var lost = core.faults.takeLost();
    if (lost.isPresent()) {
      switch (lost.get()) {
        case BEFORE -> {}
        case AFTER -> copies.start(space, pipe, parameters, mode);
        case LATE -> late(space, pipe, parameters, mode);
      }
      throw new Api.Lost();
    }
    var job = copies.start(space, pipe, parameters, mode).submitted();
    var node = pipe.copyNode().orElseThrow();
    var json = Json.map();
    json.put("id", node.id());
    json.put("name", node.name());
    json.put("sql", node.sql());
    json.put("job", jobs.json(job));
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

  private Reply jobs(Call call) {
    call.access().need("ADMIN", "");
    var request = call.request();
    var kind = request.parameter("kind");
    var status = request.parameter("status");
    var pipeId = request.parameter("pipe_id");
    var pipeName = request.parameter("pipe_name");
    var after = request.parameter("created_after");
    var before = request.parameter("created_before");
    return Reply.json(
        Map.of(
            "jobs",
            jobs.list(call.space()).stream()
                .filter(j -> kind.isEmpty() || j.kind().equals(kind))
                .filter(j -> status.isEmpty() || List.of(status.split(",")).contains(j.status()))
                .filter(j -> pipeId.isEmpty() || j.pipeId().equals(pipeId))
                .filter(j -> pipeName.isEmpty() || j.pipeName().equals(pipeName))
                .filter(j -> after.isEmpty() || j.createdAt().compareTo(plain(after)) > 0)
                .filter(j -> before.isEmpty() || j.createdAt().compareTo(plain(before)) < 0)
                .map(jobs::json)
                .toList()));
  }

  private static String plain(String time) {
    return time.replace('T', ' ').replace("Z", "");
  }

  private Reply job(Call call) {
    call.access().need("ADMIN", "");
    return Reply.json(
        jobs.json(
            jobs.find(call.space(), call.at("job"))
                .orElseThrow(() -> new Refusal(404, "Job " + call.at("job") + " not found"))));
  }
}
