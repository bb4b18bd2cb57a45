package dev.backfill.tb;

import java.io.PrintStream;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// `tb datasource ...`.
final class DataSourceCommands {
  private final Here here;
  private final PrintStream out;

  DataSourceCommands(Here here) {
    this.here = here;
    this.out = here.out();
  }

  List<Command> all() {
    return List.of(
        Command.of("datasource ls", "[--match RE] [--format json]", this::list)
            .valued("--match", "--format"),
        Command.of(
            "datasource append", "DS FILE_OR_URL...", arguments -> load(arguments, "append")),
        Command.of(
                "datasource replace",
                "DS FILE_OR_URL [--sql-condition S] [--skip-incompatible-partition-key]",
                arguments -> load(arguments, "replace"))
            .flags("--skip-incompatible-partition-key")
            .valued("--sql-condition"),
        Command.of("datasource truncate", "DS [--yes] [--cascade]", this::truncate)
            .flags("--yes", "--cascade"),
        Command.of(
                "datasource delete",
                "DS --sql-condition S [--yes] [--wait] [--dry-run]",
                this::delete)
            .flags("--yes", "--wait", "--dry-run")
            .valued("--sql-condition"),
        Command.of("datasource rm", "DS [--yes]", this::remove).flags("--yes"),
        Command.of("datasource exchange", "A B [--yes]", this::exchange).flags("--yes"),
        Command.of("datasource copy", "DS --sql S | --sql-from-main [--wait]", this::copy)
            .flags("--sql-from-main", "--wait", "--no-wait")
            .valued("--sql"),
        Command.of(
            "datasource scheduling state",
            "DS",
            arguments -> scheduling(arguments, Optional.empty())),
        Command.of(
            "datasource scheduling pause",
            "DS",
            arguments -> scheduling(arguments, Optional.of("paused"))),
        Command.of(
            "datasource scheduling resume",
            "DS",
            arguments -> scheduling(arguments, Optional.of("running"))),
        Command.of("datasource sync", "DS [--yes]", this::sync).flags("--yes"));
  }

  private static String path(String name) {
    return "/v0/datasources/" + Api.segment(name);
  }

  private void load(Arguments arguments, String mode) {
    if (arguments.rest().size() < 2) {
      throw new Arguments.Wrong("Give DATASOURCE_NAME and a file.");
    }
    var name = arguments.rest().getFirst();
    var api = here.api();
    for (var from : arguments.rest().subList(1, arguments.rest().size())) {
      var query = new LinkedHashMap<String, String>();
      query.put("mode", mode);
      query.put("name", name);
      var format = from.substring(from.lastIndexOf('.') + 1);
      query.put("format", List.of("ndjson", "parquet").contains(format) ? format : "csv");
      query.put("debug", "blocks_block_log");
      arguments.option("--sql-condition").ifPresent(s -> query.put("replace_condition", s));
      if (arguments.has("--skip-incompatible-partition-key")) {
        query.put("skip_incompatible_partition_key", "true");
      }
      JsonNode answer;
      if (from.matches("https?://.*")) {
        query.put("url", from);
        answer = api.await(Api.jobId(api.post("/v0/datasources?" + Api.query(query))), out);
      } else {
        var file = here.folder().resolve(from);
        if (!Files.isRegularFile(file)) {
          throw new Stopped("The file " + from + " does not exist.");
        }
        // the field is csv, or ndjson for everything else
        var field = query.get("format").equals("csv") ? "csv" : "ndjson";
        answer = api.upload("/v0/datasources?" + Api.query(query), field, file);
      }
      requireNoErrors(answer);
      var quarantined = Api.text(answer, "quarantine_rows");
      if (!quarantined.isEmpty() && !quarantined.equals("0")) {
        out.println("** Warning: " + quarantined + " rows went to quarantine");
      }
      out.println("** Data of " + from + ": " + mode + " to '" + name + "' done");
    }
  }

  /// Errors may come with status 200.
  private static void requireNoErrors(JsonNode answer) {
    var errors =
        Api.list(answer, "errors").stream()
            .map(e -> e.isString() ? e.asString() : e.toString())
            .collect(Collectors.joining(" "));
    if (!errors.isEmpty() || answer.path("error").asBoolean(false)) {
      throw new Stopped("There has been an error. " + errors);
    }
  }

  private void truncate(Arguments arguments) {
    var name = arguments.only("DATASOURCE_NAME");
    Here.requireYes(arguments);
    var api = here.api();
    api.post(path(name) + "/truncate");
    out.println("** '" + name + "' truncated");
    if (arguments.has("--cascade")) {
      // what is behind it, one by one: the server truncates one Data Source only
      var behind =
          api.get(
                  "/v0/dependencies?no_deps=false&check_for_partial_replace=true&recursive=true"
                      + "&datasource="
                      + Api.segment(name))
              .path("dependencies");
      var pipes = Api.list(api.get("/v0/pipes?dependencies=false&attrs=&node_attrs="), "pipes");
      for (var pipe : Api.list(behind, name)) {
        pipes.stream()
            .filter(p -> Api.text(p, "name").equals(pipe.asString()))
            .flatMap(p -> Api.list(p, "nodes").stream())
            .map(n -> Api.text(n, "materialized"))
            .filter(target -> !target.isEmpty())
            .forEach(target -> {
              api.post(path(target) + "/truncate");
              out.println("** " + target + " truncated");
            });
      }
    }
  }

  private void delete(Arguments arguments) {
    var name = arguments.only("DATASOURCE_NAME");
    var condition =
        arguments
            .option("--sql-condition")
            .orElseThrow(() -> new Arguments.Wrong("Missing option '--sql-condition'."));
    var dry = arguments.has("--dry-run");
    if (!dry) {
      Here.requireYes(arguments);
    }
    var api = here.api();
    var form = new LinkedHashMap<String, String>();
    form.put("delete_condition", condition);
    form.put("dry_run", String.valueOf(dry));
    var answer = api.form("POST", path(name) + "/delete", form);
    if (dry) {
      out.println("** " + Api.text(answer, "rows_to_be_deleted") + " rows would be deleted");
      return;
    }
    out.println("** Delete job: " + Api.jobId(answer));
    if (arguments.has("--wait")) {
      api.await(Api.jobId(answer), out);
      out.println("** Rows of '" + name + "' deleted");
    }
  }

  /// Forced, as the real one: only what a view needs stays.
  private void remove(Arguments arguments) {
    var name = arguments.only("DATASOURCE_NAME");
    var api = here.api();
    api.delete(path(name) + "?force=false&dry_run=true");
    Here.requireYes(arguments);
    api.delete(path(name) + "?force=true&dry_run=false");
    out.println("** Data Source '" + name + "' deleted");
  }

  private void exchange(Arguments arguments) {
    if (arguments.rest().size() != 2) {
      throw new Arguments.Wrong("Give two Data Sources.");
    }
    if (arguments.has("--yes")) {
      here.api()
          .form(
              "POST",
              "/v0/datasources/exchange",
              Map.of(
                  "datasource_a", arguments.rest().getFirst(),
                  "datasource_b", arguments.rest().getLast()));
    }
    // also when nobody said yes and nothing was exchanged
    out.println("** The Data Sources have been exchanged");
  }

  private void copy(Arguments arguments) {
    if (arguments.has("--sql-from-main") == arguments.option("--sql").isPresent()) {
      // a message and success
      out.println("** Give either --sql or --sql-from-main.");
      return;
    }
    BranchCommands.copyInto(here, arguments);
  }

  private void scheduling(Arguments arguments, Optional<String> state) {
    var path = path(arguments.only("DATASOURCE_NAME")) + "/scheduling/state";
    var api = here.api();
    if (state.isPresent()) {
      api.putJson(path, Api.JSON.createObjectNode().put("state", state.get()));
    }
    out.println(
        "** State: " + (state.isPresent() ? state.get() : Api.text(api.get(path), "state")));
  }

  private void sync(Arguments arguments) {
    var name = arguments.only("DATASOURCE_NAME");
    Here.requireYes(arguments);
    here.api().post(path(name) + "/scheduling/runs");
    out.println("** Sync of '" + name + "' begun");
  }

  private void list(Arguments arguments) {
    arguments.none();
    var match = Pattern.compile(arguments.option("--match").orElse(""));
    var found =
        Api.list(here.api().get("/v0/datasources?attrs="), "datasources").stream()
            .filter(d -> match.matcher(Api.text(d, "name")).find())
            .toList();
    var columns =
        List.of(
            "version",
            "shared from",
            "name",
            "row_count",
            "size",
            "created at",
            "updated at",
            "connection");
    var rows =
        found.stream()
            .map(d ->
                List.of(
                    "",
                    "",
                    Api.text(d, "name"),
                    // no rows are shown as a dash
                    count(Api.text(d.path("statistics"), "row_count")),
                    count(Api.text(d.path("statistics"), "bytes")),
                    Api.text(d, "created_at"),
                    Api.text(d, "updated_at"),
                    Api.text(d, "service")))
            .toList();
    if (arguments.option("--format").equals(Optional.of("json"))) {
      var json = Api.JSON.createObjectNode();
      var list = json.putArray("datasources");
      for (var row : rows) {
        var each = list.addObject();
        for (var i = 0; i < columns.size(); i++) {
          each.put(columns.get(i), row.get(i));
        }
      }
      out.println(json.toPrettyString());
    } else if (arguments.option("--format").isPresent()) {
      throw new Arguments.Wrong("Invalid value for '--format'.");
    } else {
      here.table(columns, rows);
    }
  }

  private static String count(String number) {
    return number.isEmpty() || number.equals("0") ? "-" : number;
  }
}
