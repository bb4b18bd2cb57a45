package dev.backfill.local;

import dev.backfill.local.PipeDefinition.PipeNode;
import dev.backfill.local.engine.EngineException;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Template;
import dev.backfill.sql.TemplateException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// `/v0/sql` and endpoints: one SELECT, on a session that only reads.
final class Queries {
  private static final Pattern FORMAT =
      Pattern.compile("\\bFORMAT\\s+(\\w+)\\s*;?\\s*$", Pattern.CASE_INSENSITIVE);
  private static final int DEPTH = 30;
  private static final long LARGEST_ANSWER = 100_000_000;

  /// What the engine parses at most.
  private static final int LARGEST_QUERY = 262_144;

  private final Core core;
  private final Logs logs;

  Queries(Core core, Logs logs) {
    this.core = core;
    this.logs = logs;
  }

  /// The SELECT behind a node: the nodes before it and other Pipes put in place, parameters filled
  /// in.
  String select(Space space, PipeDefinition pipe, PipeNode node, Map<String, String> parameters) {
    return node(space, pipe, node, parameters, 0);
  }

  /// SQL of a user with Pipes and service Data Sources put in place.
  String expanded(Space space, String sql) {
    return Sql.expand(timed(sql), name -> meaning(space, name, Map.of(), 0));
  }

  private String timed(String sql) {
    return Sql.moved(sql, core.faults.clockOffsetSeconds());
  }

  /// Whether the SELECT behind a node can't be written without parameters.
  boolean needsParameters(Space space, PipeDefinition pipe, PipeNode node) {
    try {
      return select(space, pipe, node, Map.of()).isEmpty();
    } catch (TemplateException e) {
      return true;
    }
  }

  private String node(
      Space space, PipeDefinition pipe, PipeNode node, Map<String, String> parameters, int depth) {
    if (depth > DEPTH) {
      throw new Refusal(400, "[Error] pipes depend on each other in a circle: " + pipe.name());
    }
    return Sql.expand(
        timed(Template.render(node.sql(), parameters)),
        name -> {
          var sibling =
              pipe.nodes().stream()
                  .filter(n -> n.name().equals(name) && !n.name().equals(node.name()))
                  .findFirst();
          return sibling.isPresent()
              ? Optional.of("(" + node(space, pipe, sibling.get(), parameters, depth + 1) + "\n)")
              : meaning(space, name, parameters, depth);
        });
  }

  private Optional<String> meaning(
      Space space, String name, Map<String, String> parameters, int depth) {
    if (name.startsWith("tinybird.")) {
      return Optional.of(logs.table(space, name.substring("tinybird.".length())));
    }
    if (name.startsWith("main.") && space.branch()) {
      // production, seen from a branch [C]
      var source = Resources.dataSource(core.main, name.substring("main.".length()));
      return Optional.of(
          Sql.identifier(core.main.database()) + "." + Sql.identifier(source.name()));
    }
    if (space.dataSources.containsKey(name)) {
      return Optional.empty();
    }
    return Optional.ofNullable(space.pipes.get(name))
        .map(pipe -> "(" + node(space, pipe, pipe.result(), parameters, depth + 1) + "\n)");
  }

  /// @throws Refusal 403 when a token that may not do everything may not read a name
  private void allowed(Space space, Access access, String sql) {
    if (access.admin()) {
      return;
    }
    var read = TablesRead.of(sql);
    for (var name : read.names()) {
      var source = name.replaceFirst("_quarantine$", "");
      if (space.pipes.containsKey(name)) {
        access.need("PIPES:READ", name);
      } else {
        access.need("DATASOURCES:READ", space.dataSources.containsKey(name) ? name : source);
      }
    }
    // `x IN name` and `in(x, name)` read tables too
    for (var name : core.named(space, sql)) {
      if (space.dataSources.containsKey(name.replaceFirst("_quarantine$", ""))) {
        access.need("DATASOURCES:READ", name.replaceFirst("_quarantine$", ""));
      } else if (space.pipes.containsKey(name)) {
        access.need("PIPES:READ", name);
      } else if (name.startsWith(Logs.PREFIX)) {
        access.need("ADMIN", "");
      }
    }
  }

  Reply sql(Space space, Access access, Request request) {
    var sql = request.query().get("q");
    var parameters = new HashMap<>(request.query());
    if (sql == null && !request.form().isEmpty() && request.form().containsKey("q")) {
      sql = request.form().get("q");
      parameters.putAll(request.form());
    }
    if (sql == null
        && request.headers().getOrDefault("content-type", "").startsWith("application/json")) {
      var body = Json.object(request.body());
      sql = Json.string(body, "q");
      body.properties()
          .forEach(one -> parameters.put(one.getKey(), Json.string(body, one.getKey())));
    }
    if (sql == null) {
      sql = request.text();
    }
    if (sql.isBlank()) {
      throw new Refusal(400, "the parameter q is missing");
    }
    var bytes = sql.getBytes(StandardCharsets.UTF_8).length;
    core.faults.limit("sqlBytes", bytes);
    if (bytes > LARGEST_QUERY) {
      throw new Refusal(400, "[Error] the SQL is longer than " + LARGEST_QUERY + " bytes");
    }
    var pipeline = request.parameter("pipeline");
    if (!pipeline.isEmpty()) {
      var pipe = Resources.pipe(space, pipeline);
      access.need("PIPES:READ", pipe.name());
      return over(space, access, pipe, sql, "TabSeparated", request);
    }
    var rendered = Template.render(sql, parameters);
    allowed(space, access, rendered);
    return noted(
        space,
        Optional.empty(),
        request,
        Sql.expand(timed(rendered), name -> meaning(space, name, parameters, 0)),
        "TabSeparated",
        settings(request));
  }

  /// SQL in which `_` is a Pipe.
  private Reply over(
      Space space, Access access, PipeDefinition pipe, String sql, String format, Request request) {
    var parameters = new HashMap<>(request.query());
    parameters.putAll(request.form());
    var rendered = timed(Template.render(sql, parameters));
    allowed(space, access, rendered.replaceAll("\\b_\\b", Sql.identifier(pipe.name())));
    var select =
        Sql.expand(
            rendered,
            name ->
                name.equals("_")
                    ? Optional.of("(" + select(space, pipe, pipe.result(), parameters) + "\n)")
                    : meaning(space, name, parameters, 0));
    return noted(space, Optional.of(pipe), request, select, format, settings(request));
  }

  Reply endpoint(Space space, Access access, PipeDefinition pipe, String format, Request request) {
    if (pipe.endpoint().isEmpty()) {
      throw new Refusal(404, "The pipe '" + pipe.name() + "' does not have an endpoint yet");
    }
    var parameters = new HashMap<>(request.query());
    parameters.putAll(request.form());
    var engineFormat =
        switch (format) {
          case "json" -> "JSON";
          case "csv" -> "CSVWithNames";
          case "ndjson" -> "JSONEachRow";
          case "parquet" -> "Parquet";
          default -> throw new Refusal(404, "no such format: " + format);
        };
    if (!request.parameter("q").isEmpty()) {
      return over(space, access, pipe, request.parameter("q"), engineFormat, request);
    }
    return noted(
        space,
        Optional.of(pipe),
        request,
        select(space, pipe, pipe.result(), parameters),
        engineFormat,
        settings(request));
  }

  private Map<String, String> settings(Request request) {
    var settings = new HashMap<String, String>();
    if (core.faults.quotedNumbers()) {
      settings.put("output_format_json_quote_64bit_integers", "1");
    }
    if (core.faults.queryMemory() > 0) {
      settings.put("max_memory_usage", Long.toString(core.faults.queryMemory()));
    }
    for (var name :
        List.of(
            "output_format_json_quote_64bit_integers",
            "output_format_json_quote_denormals",
            "output_format_parquet_string_as_string")) {
      if (request.parameter(name).matches("[01]")) {
        settings.put(name, request.parameter(name));
      }
    }
    return settings;
  }

  /// Runs it and notes the call for `tinybird.pipe_stats_rt`.
  private Reply noted(
      Space space,
      Optional<PipeDefinition> pipe,
      Request request,
      String sql,
      String format,
      Map<String, String> settings) {
    var row = Json.map();
    var started = System.nanoTime();
    row.put("start_datetime", core.clock.now().substring(0, 23));
    row.put("pipe_id", pipe.map(PipeDefinition::id).orElse("query_api"));
    row.put("pipe_name", pipe.map(PipeDefinition::name).orElse("query_api"));
    row.put("url", request.rawPath());
    row.put("request_id", request.id());
    row.put("method", request.method());
    var parameters = new HashMap<>(request.query());
    parameters.remove("token");
    row.put("parameters", parameters);
    try {
      var reply = run(space, sql, format, settings);
      row.put("status_code", reply.status());
      row.put("error", 0);
      return reply;
    } catch (Refusal e) {
      row.put("status_code", e.status());
      row.put("error", 1);
      throw e;
    } finally {
      row.put("duration", (System.nanoTime() - started) / 1e9);
      logs.request(space, row);
    }
  }

  private Reply run(Space space, String sql, String format, Map<String, String> settings) {
    var limits = new HashMap<>(settings);
    limits.putAll(core.staleness.ofQueries(space));
    limits.put("max_execution_time", Double.toString(core.faults.querySeconds()));
    if (sql.contains("_tinybird_")) {
      logs.flush(space);
    }
    try (var session = core.engine.readOnly(space.database(), limits)) {
      if (!session.onlyReads(sql) || !selects(sql)) {
        Sql.parse(session, sql);
        throw new Refusal(400, "[Error] Only one SELECT is supported, nothing else");
      }
      core.check(space, session, sql);
      var named = FORMAT.matcher(sql);
      var used = named.find() ? named.group(1) : format;
      var result = session.query(sql, format);
      if (result.data().length > LARGEST_ANSWER) {
        throw new Refusal(400, "[Error] the result is larger than 100 MB");
      }
      return new Reply(200, contentType(used), result.data(), Map.of());
    } catch (EngineException e) {
      var refusal = Sql.refusal(e);
      throw e.code() == 241
          ? new Refusal(core.faults.memoryStatus(), refusal.text(), refusal.headers())
          : refusal;
    }
  }

  private static boolean selects(String sql) {
    var first =
        dev.backfill.sql.Tokens.of(sql).stream()
            .filter(token -> !token.symbol("("))
            .findFirst()
            .map(token -> token.text().toUpperCase(Locale.ROOT))
            .orElse("");
    return first.equals("SELECT") || first.equals("WITH") || first.equals("FROM");
  }

  private static String contentType(String format) {
    var upper = format.toUpperCase(Locale.ROOT);
    if (upper.equals("JSON") || (upper.startsWith("JSONCOMPACT") && !upper.contains("EACH"))) {
      return "application/json; charset=utf-8";
    }
    if (upper.startsWith("CSV")) {
      return "text/csv; charset=utf-8";
    }
    if (upper.contains("EACHROW") || upper.equals("NDJSON")) {
      return "application/x-ndjson; charset=utf-8";
    }
    return upper.equals("PARQUET")
        ? "application/octet-stream"
        : "text/tab-separated-values; charset=utf-8";
  }
}
