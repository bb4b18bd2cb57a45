package dev.backfill.tb;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// `tb pipe ...`.
final class PipeCommands {
  private final Here here;
  private final PrintStream out;

  PipeCommands(Here here) {
    this.here = here;
    this.out = here.out();
  }

  List<Command> all() {
    return List.of(
        Command.of("pipe ls", "", this::list),
        Command.of(
                "pipe copy run",
                "PIPE [--mode append|replace] [--param k=v]... [--wait] [--yes]",
                this::run)
            .flags("--wait", "--yes")
            .valued("--mode", "--param")
            .notHere("--on-demand-compute"),
        Command.of("pipe copy pause", "PIPE", arguments -> schedule(arguments, "pause")),
        Command.of("pipe copy resume", "PIPE", arguments -> schedule(arguments, "resume")),
        Command.of(
                "pipe populate",
                "PIPE [--node N] [--sql-condition S] [--truncate] [--unlink-on-populate-error]"
                    + " [--wait]",
                this::populate)
            .flags("--truncate", "--unlink-on-populate-error", "--wait")
            .valued("--node", "--sql-condition"),
        Command.of("pipe rm", "PIPE [--yes]", this::remove).flags("--yes"),
        Command.of("pipe unlink", "PIPE [NODE]", this::unlink),
        Command.of("pipe publish", "PIPE [NODE]", arguments -> publish(arguments, true)),
        Command.of("pipe unpublish", "PIPE [NODE]", arguments -> publish(arguments, false)),
        Command.of("pipe append", "PIPE SQL", this::append),
        Command.of("pipe data", "PIPE", this::data),
        Command.foreign("pipe stats"));
  }

  private static String path(String pipe) {
    return "/v0/pipes/" + Api.segment(pipe);
  }

  private void schedule(Arguments arguments, String what) {
    var name = arguments.only("PIPE_NAME_OR_ID");
    here.api().post(path(name) + "/copy/" + what);
    out.println("** Copy schedule of '" + name + "': " + what + "d");
  }

  private void remove(Arguments arguments) {
    var name = arguments.only("PIPE_NAME_OR_ID");
    Here.requireYes(arguments);
    here.api().delete(path(name));
    out.println("** Pipe '" + name + "' deleted");
  }

  /// The node that is named, or the one that there is.
  private String node(Arguments arguments, Api api, String pipe, boolean views) {
    if (arguments.rest().size() > 2) {
      throw new Arguments.Wrong("Got unexpected extra arguments " + arguments.rest());
    }
    if (arguments.rest().size() == 2) {
      return arguments.rest().getLast();
    }
    var found = api.get(path(pipe));
    if (views) {
      return materialized(found);
    }
    var endpoint = Api.text(found, "endpoint");
    return endpoint.isEmpty()
        ? Api.text(found.path("nodes").valueStream().toList().getLast(), "id")
        : endpoint;
  }

  private static String first(Arguments arguments) {
    return arguments.rest().isEmpty()
        ? arguments.only("PIPE_NAME_OR_ID")
        : arguments.rest().getFirst();
  }

  private void unlink(Arguments arguments) {
    var name = first(arguments);
    var api = here.api();
    var node = node(arguments, api, name, true);
    api.delete(path(name) + "/nodes/" + Api.segment(node) + "/materialization");
    out.println("** '" + node + "' is unlinked; what it wrote stays");
  }

  private void publish(Arguments arguments, boolean on) {
    var name = first(arguments);
    var api = here.api();
    var node =
        path(name) + "/nodes/" + Api.segment(node(arguments, api, name, false)) + "/endpoint";
    if (on) {
      api.post(node);
    } else {
      api.delete(node);
    }
    out.println("** '" + name + "' is " + (on ? "published" : "no endpoint any more"));
  }

  private void append(Arguments arguments) {
    if (arguments.rest().size() != 2) {
      throw new Arguments.Wrong("Give PIPE and SQL.");
    }
    var node =
        here.api()
            .postRaw(path(arguments.rest().getFirst()) + "/nodes", arguments.rest().getLast());
    out.println("** Node '" + Api.text(node, "name") + "' created");
  }

  private void data(Arguments arguments) {
    var name = arguments.only("PIPE_NAME_OR_ID");
    out.println(here.api().text(path(name) + ".json"));
  }

  private void list(Arguments arguments) {
    arguments.none();
    here.table(
        List.of("name", "published date", "nodes"),
        Api.list(here.api().get("/v0/pipes?dependencies=false&attrs=&node_attrs="), "pipes")
            .stream()
            .map(p ->
                List.of(
                    Api.text(p, "name"),
                    Api.text(p, "created_at"),
                    String.valueOf(p.path("nodes").size())))
            .toList());
  }

  private void run(Arguments arguments) {
    var name = arguments.only("PIPE_NAME_OR_ID");
    var query = new LinkedHashMap<String, String>();
    for (var parameter : arguments.all("--param")) {
      var parts = parameter.split("=", -1);
      if (parts.length != 2) {
        // the real one unpacks the split without a limit
        throw new Stopped("too many values to unpack: " + parameter);
      }
      query.put(parts[0], parts[1]);
    }
    arguments
        .option("--mode")
        .ifPresent(mode -> {
          if (!mode.equals("append") && !mode.equals("replace")) {
            throw new Arguments.Wrong("Invalid value for '--mode': " + mode);
          }
          query.put("_mode", mode);
        });
    Here.requireYes(arguments);
    var api = here.api();
    var path = "/v0/pipes/" + Api.segment(name) + "/copy";
    var answer = api.post(query.isEmpty() ? path : path + "?" + Api.query(query));
    var job = Api.jobId(answer);
    // a second look-up: when it fails this exits 1 although the job runs
    var target =
        api.get(
            "/v0/datasources/"
                + Api.segment(Api.text(answer.path("tags"), "copy_target_datasource")));
    out.println("** Copy to '" + Api.text(target, "name") + "' job created: " + job);
    if (arguments.has("--wait")) {
      api.await(job, out);
      out.println("** Data copied to '" + Api.text(target, "name") + "'");
    }
  }

  private void populate(Arguments arguments) {
    var name = arguments.only("PIPE_NAME_OR_ID");
    var api = here.api();
    var node =
        arguments
            .option("--node")
            .orElseGet(() -> materialized(api.get("/v0/pipes/" + Api.segment(name))));
    var query = new LinkedHashMap<String, String>();
    query.put("truncate", String.valueOf(arguments.has("--truncate")));
    query.put(
        "unlink_on_populate_error", String.valueOf(arguments.has("--unlink-on-populate-error")));
    arguments.option("--sql-condition").ifPresent(s -> query.put("populate_condition", s));
    var answer =
        api.post(
            "/v0/pipes/"
                + Api.segment(name)
                + "/nodes/"
                + Api.segment(node)
                + "/population?"
                + Api.query(query));
    var job = Api.jobId(answer);
    out.println("** Populating job url " + Api.text(answer.path("job"), "job_url"));
    if (arguments.has("--wait")) {
      api.await(job, out);
      out.println("** Materialized node '" + node + "' populated");
    }
  }

  /// The only materialized node of a Pipe.
  private static String materialized(JsonNode pipe) {
    var nodes =
        pipe.path("nodes")
            .valueStream()
            .filter(n -> !Api.text(n, "materialized").isEmpty())
            .map(n -> Api.text(n, "name"))
            .toList();
    if (nodes.size() != 1) {
      throw new Stopped("the Pipe has " + nodes.size() + " materialized nodes; say --node");
    }
    return nodes.getFirst();
  }
}
