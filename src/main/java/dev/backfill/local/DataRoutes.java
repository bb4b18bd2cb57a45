package dev.backfill.local;

import static dev.backfill.local.AccountRoutes.route;
import static dev.backfill.local.AccountRoutes.unserved;
import static dev.backfill.local.Mark.C;
import static dev.backfill.local.Mark.D;
import static dev.backfill.local.Mark.O;

import dev.backfill.local.Route.Call;
import dev.backfill.sql.TablesRead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// SQL, Data Sources and events (API reference 4 and 5).
final class DataRoutes {
  private static final int LARGEST_EVENTS = 10_000_000;
  private static final int LARGEST_BODY = 8_000_000;
  private static final int LARGEST_FILE = 500_000_000;
  private final Core core;
  private final Queries queries;
  private final Ingest ingest;
  private final Replaces replaces;
  private final Deletes deletes;
  private final Resources resources;
  private final Copies copies;
  private final Jobs jobs;
  private final Rates rates;

  DataRoutes(
      Core core,
      Queries queries,
      Ingest ingest,
      Replaces replaces,
      Deletes deletes,
      Resources resources,
      Copies copies,
      Jobs jobs) {
    this.core = core;
    this.queries = queries;
    this.ingest = ingest;
    this.replaces = replaces;
    this.deletes = deletes;
    this.resources = resources;
    this.copies = copies;
    this.jobs = jobs;
    this.rates = new Rates();
  }

  List<Route> routes() {
    var routes = new ArrayList<Route>();
    for (var method : List.of("GET", "POST")) {
      routes.add(
          route(
              method,
              "/v0/sql",
              "4.1",
              List.of(C, D),
              call -> queries.sql(call.space(), call.access(), call.request())));
    }
    routes.add(route("POST", "/v0/sql_tables", "4.3", List.of(C), DataRoutes::tables));
    routes.add(route("GET", "/v0/sql_format", "4.3", List.of(C), this::format));
    routes.add(unserved("POST", "/v0/sql_replace", "4.3", List.of(C)));
    routes.add(
        route("POST", "/v0/sql_copy", "3.3", List.of(C), AccountRoutes.admin(this::copyByQuery)));
    routes.add(route("POST", "/v0/events", "5.5", List.of(O, D), this::events));
    routes.add(route("GET", "/v0/dependencies", "5.1", List.of(C), this::dependencies));
    var one = "/v0/datasources/{source}";
    routes.add(route("GET", "/v0/datasources", "5.1", List.of(C), this::all));
    routes.add(route("POST", "/v0/datasources", "5.2, 5.3", List.of(C, D), this::post));
    routes.add(
        route(
            "POST",
            "/v0/datasources/exchange",
            "5.4",
            List.of(C, O),
            AccountRoutes.admin(this::exchange)));
    routes.add(
        route(
            "GET",
            one + ".datasource",
            "5.1",
            List.of(C),
            call -> Reply.text(reading(call).datafile())));
    routes.add(
        route(
            "GET", one, "5.1", List.of(C), call -> Reply.json(json(call.space(), reading(call)))));
    routes.add(route("DELETE", one, "5.4", List.of(C), this::delete));
    routes.add(route("PUT", one, "5.4", List.of(C), this::change));
    routes.add(
        route(
            "POST",
            one + "/alter",
            "5.4",
            List.of(C),
            call -> {
              call.access().need("DATASOURCES:CREATE", "");
              return Reply.json(
                  resources.alter(
                      call.space(),
                      source(call).name(),
                      call.parameters(),
                      call.request().flag("dry")));
            }));
    routes.add(
        route(
            "POST",
            one + "/truncate",
            "5.4",
            List.of(C, O),
            call -> {
              call.access().need("DATASOURCES:CREATE", "");
              resources.truncate(call.space(), source(call));
              return Reply.empty(205);
            }));
    routes.add(route("POST", one + "/delete", "5.4", List.of(C, O), this::deleteRows));
    routes.add(unserved("POST", one + "/share", "5.4", List.of(C)));
    routes.add(unserved("DELETE", one + "/share", "5.4", List.of(C)));
    routes.add(unserved("POST", one + "/scheduling/runs", "5.4", List.of(C)));
    routes.add(unserved("GET", one + "/scheduling/state", "5.4", List.of(C)));
    routes.add(unserved("PUT", one + "/scheduling/state", "5.4", List.of(C)));
    return routes;
  }

  private static Definition source(Call call) {
    return Resources.dataSource(call.space(), call.at("source"));
  }

  private static Definition reading(Call call) {
    var source = source(call);
    call.access().need("DATASOURCES:READ", source.name());
    return source;
  }

  private static Reply tables(Call call) {
    var tables = new ArrayList<List<String>>();
    for (var name : TablesRead.of(call.request().parameter("q")).names()) {
      var dot = name.indexOf('.');
      tables.add(
          dot < 0 ? List.of("", name) : List.of(name.substring(0, dot), name.substring(dot + 1)));
    }
    return Reply.json(Map.of("tables", tables));
  }

  private Reply format(Call call) {
    var text =
        core.rows(
                call.space(),
                "SELECT formatQuery(" + Sql.literal(call.request().parameter("q")) + ") AS q")
            .getFirst();
    return Reply.json(Map.of("q", Json.string(text, "q")));
  }

  private Reply copyByQuery(Call call) {
    var target = Resources.dataSource(call.space(), call.request().parameter("copy_to"));
    var job = copies.fromBranch(call.space(), target, call.request().text()).submitted();
    return Reply.json(Map.of("job", jobs.json(job)));
  }

  private Reply events(Call call) {
    var request = call.request();
    if (request.body().length > LARGEST_EVENTS) {
      throw new Refusal(413, "a request holds at most 10 MB of events");
    }
    var name = named(request);
    call.access().need("DATASOURCES:APPEND", name);
    var definition = Resources.dataSource(call.space(), name);
    var body =
        request.parameter("format").equals("json")
            ? request.text().replace('\n', ' ').replace('\r', ' ').getBytes(StandardCharsets.UTF_8)
            : request.body();
    var done = ingest.append(call.space(), definition, Rows.ndjson(definition, body), "append-hfi");
    return Reply.json(
        request.flag("wait") ? 200 : 202,
        Map.of("successful_rows", done.rows(), "quarantined_rows", done.quarantined()));
  }

  private static String named(Request request) {
    var name = request.parameter("name");
    if (name.isEmpty()) {
      throw new Refusal(400, "the parameter name is missing: which Data Source?");
    }
    return name;
  }

  private Reply dependencies(Call call) {
    var request = call.request();
    var wanted = request.parameter("datasource");
    var pipe = request.parameter("pipe");
    var dependencies = new LinkedHashMap<String, Object>();
    for (var source : call.space().dataSources.values()) {
      if (call.access().may("DATASOURCES:READ", source.name())
          && (wanted.isEmpty() || wanted.equals(source.name()))) {
        dependencies.put(
            source.name(),
            Resources.dependents(call.space(), source).stream()
                .map(PipeDefinition::name)
                .filter(name -> pipe.isEmpty() || pipe.equals(name))
                .toList());
      }
    }
    return Reply.json(Map.of("dependencies", dependencies, "incompatible_datasources", Map.of()));
  }

  private Reply all(Call call) {
    return Reply.json(
        Map.of(
            "datasources",
            call.space().dataSources.values().stream()
                .filter(d -> call.access().may("DATASOURCES:READ", d.name()))
                .map(d -> json(call.space(), d))
                .toList()));
  }

  private Reply post(Call call) {
    var mode = call.request().parameter("mode");
    return switch (mode) {
      case "", "create" -> create(call);
      case "append", "replace" -> load(call, mode.equals("replace"));
      default -> throw new Refusal(400, "Invalid mode: " + mode);
    };
  }

  private Reply create(Call call) {
    call.access().need("DATASOURCES:CREATE", "");
    var form = call.parameters();
    for (var connected : List.of("connector", "service", "kafka_topic", "bucket_uri", "url")) {
      var played = connected.equals("kafka_topic") && core.faults.topicsPlayed();
      if (!form.getOrDefault(connected, "").isEmpty() && !played) {
        throw new Refusal(501, "the local workspace has no connected Data Sources: " + connected);
      }
    }
    core.faults.limit("dataSources", call.space().dataSources.size() + 1);
    rates.take("create", core.faults.createsPerMinute());
    var made = resources.createDataSource(call.space(), form);
    return Reply.json(Map.of("datasource", json(call.space(), made), "import_id", Clock.uuid()));
  }

  private Reply load(Call call, boolean replace) {
    var request = call.request();
    if (!request.parameter("url").isEmpty()) {
      throw new Refusal(
          501,
          "the local workspace reaches no network, so it fetches no URLs; send the file itself");
    }
    var definition = Resources.dataSource(call.space(), named(request));
    call.access().need("DATASOURCES:APPEND", definition.name());
    rates.take("import", core.faults.importsPerMinute());
    if (request.body().length > (request.multipart() ? LARGEST_FILE : LARGEST_BODY)) {
      throw new Refusal(413, "the body is too large");
    }
    var failure = core.faults.takeAppendFailure();
    if (failure.isPresent()) {
      // errors may come with status 200 [C]
      var refused = Json.map();
      refused.put("datasource", json(call.space(), definition));
      refused.put("import_id", Clock.uuid());
      refused.put("error", failure.get());
      refused.put("errors", List.of(failure.get()));
      return Reply.json(refused);
    }
    var rows = rows(definition, request);
    var done =
        replace
            ? replaces.replace(
                call.space(),
                definition,
                rows,
                request.parameter("replace_condition"),
                request.flag("skip_incompatible_partition_key"))
            : ingest.append(call.space(), definition, rows, "append");
    var json = Json.map();
    json.put("datasource", json(call.space(), definition));
    json.put("import_id", Clock.uuid());
    json.put("error", false);
    json.put("quarantine_rows", done.quarantined());
    json.put("invalid_lines", done.quarantined());
    json.put(
        "blocks",
        List.of(
            Map.of(
                "process_return",
                List.of(
                    Map.of(
                        "lines",
                        done.rows() + done.quarantined(),
                        "quarantine",
                        done.quarantined())))));
    json.put("block_log", List.of(Map.of("status", "done")));
    return Reply.json(json);
  }

  private static Rows rows(Definition definition, Request request) {
    var format = request.parameter("format");
    var used = format.isEmpty() ? definition.format() : format;
    return switch (used.toLowerCase(Locale.ROOT)) {
      case "ndjson" -> Rows.ndjson(definition, request.file());
      case "csv" -> Rows.csv(definition, request.file(), dialect(request));
      default ->
          throw new Refusal(
              501, "the local workspace reads csv and ndjson, not " + used + "; convert it first");
    };
  }

  private static Csv.Dialect dialect(Request request) {
    var newLine = request.parameter("dialect_new_line");
    if (!List.of("", "\n", "\r\n").contains(newLine)) {
      throw new Refusal(501, "the local workspace ends lines of CSV with \\n or \\r\\n only");
    }
    return new Csv.Dialect(
        character(request, "dialect_delimiter").orElse(','),
        character(request, "dialect_escapechar"));
  }

  private static Optional<Character> character(Request request, String name) {
    var text = request.parameter(name);
    if (text.length() > 1) {
      throw new Refusal(400, name + " is one character: " + text);
    }
    return text.isEmpty() ? Optional.empty() : Optional.of(text.charAt(0));
  }

  private Reply delete(Call call) {
    var source = source(call);
    call.access().need("DATASOURCES:DROP", source.name());
    var dry = call.request().flag("dry_run");
    var answer =
        resources.deleteDataSource(call.space(), source, call.request().flag("force"), dry);
    return dry ? Reply.json(answer) : Reply.empty(204);
  }

  private Reply change(Call call) {
    call.access().need("DATASOURCES:CREATE", "");
    var form = call.parameters();
    form.remove("token");
    form.remove("cli_version");
    if (!form.keySet().equals(java.util.Set.of("backfill_column"))) {
      throw new Refusal(
          501, "the local workspace changes backfill_column only, not " + form.keySet());
    }
    return Reply.json(json(call.space(), resources.tag(call.space(), source(call), form)));
  }

  private Reply deleteRows(Call call) {
    call.access().need("DATASOURCES:CREATE", "");
    var source = source(call);
    var condition = call.request().parameter("delete_condition");
    if (call.request().flag("dry_run")) {
      return Reply.json(
          Map.of("rows_to_be_deleted", deletes.count(call.space(), source, condition)));
    }
    core.faults.limit("deleteJobs", jobs.active(call.space(), "delete_data") + 1);
    var job = jobs.json(deletes.start(call.space(), source, condition).submitted());
    var json = Json.map();
    json.putAll(job);
    json.put("delete_id", job.get("id"));
    json.put("job", job);
    return Reply.json(json);
  }

  private Reply exchange(Call call) {
    if (!core.faults.exchanges()) {
      throw new Refusal(
          403, "Exchanging Data Sources is not enabled in this workspace; ask support");
    }
    resources.exchange(
        call.space(),
        Resources.dataSource(call.space(), call.request().parameter("datasource_a")),
        Resources.dataSource(call.space(), call.request().parameter("datasource_b")));
    return Reply.json(Map.of());
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
    var json = definition.json(Optional.of(sizes), quarantined);
    if (core.faults.nullStatistics()) {
      json.put("statistics", null);
    }
    json.put(
        "used_by",
        Resources.dependents(space, definition).stream()
            .map(p -> Map.of("id", p.id(), "name", p.name()))
            .toList());
    return json;
  }
}
