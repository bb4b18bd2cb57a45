package dev.backfill.tb;

import dev.backfill.datafile.Datafile;
import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.failure.Failure.Remote;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// Resources of a project on their way into the workspace, one by one, as `tb deploy` and `tb push`
/// send them.
final class Pusher {
  private final Api api;
  private final Definitions definitions;
  private final Arguments arguments;
  private final boolean force;
  private final PrintStream out;

  /// @param arguments with the flags of a populate
  /// @param force whether what is there already is changed
  Pusher(Api api, Definitions definitions, Arguments arguments, boolean force, PrintStream out) {
    this.api = api;
    this.definitions = definitions;
    this.arguments = arguments;
    this.force = force;
    this.out = out;
  }

  /// A new one is made; one that is there is altered as far as that goes.
  void dataSource(String name) {
    var file = definitions.dataSource(name);
    var live = api.find("/v0/datasources/" + Api.segment(name));
    if (live.isEmpty()) {
      api.form("POST", "/v0/datasources", definitions.form(name));
      tokens(file, "DATASOURCES", name);
      out.println("** '" + name + "' created");
      return;
    }
    if (!force) {
      throw new Stopped("'" + name + "' already exists. Use --force.");
    }
    var changes = alterations(file, live.get());
    var dropped = differs(file, live.get());
    if (!changes.isEmpty()) {
      alter(name, changes);
    }
    if (dropped) {
      // not an error: the rest of the change is left out and the deployment goes on
      out.println("** Warning: '" + name + "' already exists and can't be migrated or replaced");
    }
    tokens(file, "DATASOURCES", name);
    if (changes.isEmpty() && !dropped) {
      out.println("** '" + name + "' is up to date");
    }
  }

  /// Only the column list, indexes, description and TTL are ever altered.
  private SortedMap<String, String> alterations(DatasourceFile file, JsonNode live) {
    var changes = new TreeMap<String, String>();
    var schema = Definitions.schema(file);
    if (!bare(schema).equals(bare(Api.text(live.path("schema"), "sql_schema")))) {
      changes.put("schema", schema);
    }
    if (!Definitions.description(file).equals(Api.text(live, "description"))) {
      changes.put("description", Definitions.description(file));
    }
    var ttl = definitions.engine(file).getOrDefault("engine_ttl", "");
    if (!bare(ttl).equals(bare(Api.text(live.path("engine"), "ttl")))) {
      changes.put("ttl", ttl.isEmpty() ? "false" : ttl);
    }
    var liveIndexes =
        Api.list(live, "indexes").stream().map(i -> Api.text(i, "name")).sorted().toList();
    var indexes = file.indexes().stream().map(i -> i.name()).sorted().toList();
    if (!indexes.equals(liveIndexes)) {
      changes.put("indexes", indexes.isEmpty() ? "0" : Definitions.indexes(file));
    }
    return changes;
  }

  private void alter(String name, Map<String, String> changes) {
    var path = "/v0/datasources/" + Api.segment(name) + "/alter";
    try {
      for (var dry : new String[] {"true", "false"}) {
        var form = new LinkedHashMap<String, String>();
        form.put("dry", dry);
        form.putAll(changes);
        var answer = api.form("POST", path, form);
        if (dry.equals("true")) {
          Api.list(answer, "operations").forEach(o -> out.println("**   " + o));
        }
      }
      out.println("** '" + name + "' altered");
    } catch (Remote e) {
      if (!String.valueOf(e.getMessage()).contains("There were no operations to perform")) {
        throw e;
      }
    }
  }

  private boolean differs(DatasourceFile file, JsonNode live) {
    var engine = live.path("engine");
    for (var key : new String[] {"sorting_key", "partition_key", "primary_key", "ver"}) {
      var wanted = definitions.engine(file).getOrDefault("engine_" + key, "");
      var has = Api.text(engine, "engine_" + key);
      if (has.isEmpty()) {
        has = Api.text(engine, key);
      }
      if (!wanted.isEmpty() && !plain(wanted).equals(plain(has))) {
        return true;
      }
    }
    var wanted = definitions.engine(file).getOrDefault("engine", "MergeTree");
    var has = engine.isString() ? engine.asString() : Api.text(engine, "engine");
    return !has.isEmpty() && !plain(wanted).equals(plain(has));
  }

  private static String bare(String text) {
    return text.replaceAll("\\s+", "");
  }

  private static String plain(String key) {
    return key.replaceAll("[\\s`()\"]|^tuple", "");
  }

  void pipe(String name) {
    var file = definitions.pipe(name);
    var materialized =
        file.nodes().stream().anyMatch(n -> definitions.type(n).equals("materialized"));
    var query = new LinkedHashMap<String, String>();
    query.put("ignore_sql_errors", "false");
    if (force) {
      query.put("force", "true");
    }
    if (arguments.has("--populate") && materialized) {
      query.put("populate", "true");
      arguments.option("--sql-condition").ifPresent(s -> query.put("populate_condition", s));
      arguments.option("--subset").ifPresent(s -> query.put("populate_subset", s));
      query.put(
          "unlink_on_populate_error", String.valueOf(arguments.has("--unlink-on-populate-error")));
    }
    var answer = api.postJson("/v0/pipes?" + Api.query(query), definitions.json(name));
    var pushed = Api.list(answer, "nodes");
    var copies = file.nodes().stream().filter(n -> definitions.type(n).equals("copy")).toList();
    for (var node : copies) {
      var id =
          pushed.stream()
              .filter(n -> Api.text(n, "name").equals(definitions.nodeName(node)))
              .map(n -> Api.text(n, "id"))
              .findFirst()
              .orElseThrow(() -> new Stopped("The copy node of " + name + " was not created."));
      api.form(
          "PUT",
          "/v0/pipes/"
              + Api.segment(Api.text(answer, "id"))
              + "/nodes/"
              + Api.segment(id)
              + "/copy",
          definitions.copyForm(node));
    }
    if (Api.text(answer, "type").equals("default") && copies.isEmpty() && !pushed.isEmpty()) {
      api.post(
          "/v0/pipes/"
              + Api.segment(name)
              + "/nodes/"
              + Api.segment(Api.text(pushed.getLast(), "id"))
              + "/endpoint");
    }
    tokens(file, "PIPES", name);
    out.println("** '" + name + "' created");
    var job = Api.jobId(answer.path("job"));
    if (!job.isEmpty() && arguments.has("--wait")) {
      api.await(job, out);
    }
  }

  /// `TOKEN name READ`: the token is found or made, and may do this from then on.
  private void tokens(Datafile file, String kind, String name) {
    file.all("TOKEN")
        .forEach(directive -> {
          var words = directive.value().replace("\"", "").strip().split("\\s+");
          var what = words.length < 2 ? "READ" : words[1].toUpperCase(Locale.ROOT);
          token(words[0], kind + ":" + what + ":" + name);
        });
  }

  private void token(String name, String scope) {
    var path = "/v0/tokens/" + Api.segment(name);
    var scopes = new LinkedHashSet<String>();
    var live = api.find(path);
    live.ifPresent(token ->
        Api.list(token, "scopes")
            .forEach(one -> {
              var resource = Api.text(one, "resource");
              scopes.add(Api.text(one, "type") + (resource.isEmpty() ? "" : ":" + resource));
            }));
    if (!scopes.add(scope)) {
      return;
    }
    var query =
        scopes.stream().map(s -> "scope=" + Api.segment(s)).collect(Collectors.joining("&"));
    if (live.isPresent()) {
      api.put(path + "?" + query);
    } else {
      api.post("/v0/tokens?name=" + Api.segment(name) + "&origin=C&" + query);
    }
    out.println("** Token '" + name + "' may " + scope);
  }
}
