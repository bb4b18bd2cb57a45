package dev.backfill.tb;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// `tb branch ...`.
final class BranchCommands {
  private final Here here;
  private final PrintStream out;

  BranchCommands(Here here) {
    this.here = here;
    this.out = here.out();
  }

  List<Command> all() {
    return List.of(
        Command.of("branch ls", "[--sort/--no-sort]", this::list).flags("--sort", "--no-sort"),
        Command.of(
                "branch create",
                "NAME [--last-partition] [-i DATASOURCE]... [--wait/--no-wait]",
                this::create)
            .flags("--last-partition", "--all", "--wait", "--no-wait")
            .valued("-i", "--ignore-datasource"),
        Command.of("branch use", "NAME|main", arguments -> use(arguments.only("NAME"))),
        Command.of("branch current", "", this::current),
        Command.of("branch rm", "NAME [--yes]", this::remove).flags("--yes"),
        Command.of("branch data", "--last-partition [-i DATASOURCE]... [--wait]", this::data)
            .flags("--last-partition", "--all", "--wait", "--no-wait")
            .valued("-i", "--ignore-datasource"),
        Command.of("branch datasource copy", "DS --sql S | --sql-from-main [--wait]", this::copy)
            .flags("--sql-from-main", "--wait", "--no-wait")
            .valued("--sql"),
        Command.foreign("branch regression-tests"));
  }

  private void current(Arguments arguments) {
    arguments.none();
    var workspace = here.api().get("/v0/workspace");
    var main = Api.text(workspace, "main").isEmpty();
    here.table(
        List.of("name", "id", "workspace"),
        List.of(
            List.of(
                main ? "main" : Api.text(workspace, "name"),
                Api.text(workspace, "id"),
                main ? Api.text(workspace, "name") : Api.text(workspace, "main"))));
  }

  /// The id of the branch one is in.
  private static String branch(Api api) {
    var workspace = api.get("/v0/workspace");
    if (Api.text(workspace, "main").isEmpty()) {
      throw new Stopped("This is for branches. Run: tb branch use NAME");
    }
    return Api.text(workspace, "id");
  }

  private void data(Arguments arguments) {
    arguments.none();
    if (!arguments.has("--last-partition") && !arguments.has("--all")) {
      throw new Stopped("Say which data: --last-partition");
    }
    var api = here.api();
    var query = new LinkedHashMap<String, String>();
    query.put("mode", arguments.has("--last-partition") ? "last_partition" : "all_partitions");
    ignored(arguments, query);
    var path = "/v0/environments/" + Api.segment(branch(api)) + "/data?" + Api.query(query);
    var job = Api.jobId(api.post(path));
    out.println("** Job " + job + " brings the data");
    if (!arguments.has("--no-wait")) {
      api.await(job, out);
    }
  }

  private static void ignored(Arguments arguments, Map<String, String> query) {
    var ignored = new ArrayList<>(arguments.all("-i"));
    ignored.addAll(arguments.all("--ignore-datasource"));
    if (!ignored.isEmpty()) {
      query.put("ignore_datasources", String.join(",", ignored));
    }
  }

  private void copy(Arguments arguments) {
    if (arguments.has("--sql-from-main") == arguments.option("--sql").isPresent()) {
      throw new Stopped("Give either --sql or --sql-from-main.");
    }
    copyInto(here, arguments);
  }

  static void copyInto(Here here, Arguments arguments) {
    var name = arguments.only("DATASOURCE_NAME");
    var api = here.api();
    branch(api);
    var sql = arguments.option("--sql").orElse("SELECT * FROM main." + name);
    var job = Api.jobId(api.postRaw("/v0/sql_copy?copy_to=" + Api.segment(name), sql));
    here.out().println("** Copy to '" + name + "' job created: " + job);
    if (arguments.has("--wait")) {
      api.await(job, here.out());
    }
  }

  private void list(Arguments arguments) {
    arguments.none();
    var api = here.api();
    var current = api.get("/v0/workspace");
    var rows = new ArrayList<List<String>>();
    var onMain = Api.text(current, "main").isEmpty();
    rows.add(
        List.of(
            "main",
            onMain ? Api.text(current, "id") : Api.text(current, "main"),
            "",
            "",
            onMain ? "True" : "False"));
    for (var branch : Api.list(api.get("/v0/environments"), "environments")) {
      rows.add(
          List.of(
              Api.text(branch, "name"),
              Api.text(branch, "id"),
              Api.text(branch, "created_at"),
              Api.text(branch, "owner"),
              Api.text(branch, "id").equals(Api.text(current, "id")) ? "True" : "False"));
    }
    here.table(List.of("name", "id", "created_at", "owner", "current"), rows);
  }

  private void create(Arguments arguments) {
    var name = arguments.only("BRANCH_NAME");
    if (!name.matches("[A-Za-z0-9_]+")) {
      throw new Stopped("Invalid branch name: only letters, digits and underscores.");
    }
    var api = here.api();
    var query = new LinkedHashMap<String, String>();
    query.put("name", name);
    query.put(
        "data",
        arguments.has("--last-partition")
            ? "last_partition"
            : arguments.has("--all") ? "all_partitions" : "");
    var ignored = new ArrayList<>(arguments.all("-i"));
    ignored.addAll(arguments.all("--ignore-datasource"));
    if (!ignored.isEmpty()) {
      query.put("ignore_datasources", String.join(",", ignored));
    }
    var answer = api.post("/v0/environments?" + Api.query(query));
    var job = Api.jobId(answer);
    if (!job.isEmpty() && !arguments.has("--no-wait")) {
      api.await(job, out);
    }
    switchTo(api, name);
    out.println("** Branch '" + name + "' created");
  }

  private void use(String name) {
    var api = here.api();
    if (name.equals("main")) {
      var settings = here.settings();
      var token =
          settings
              .mainToken(api.host())
              .orElseThrow(() -> new Stopped("No token of main here. Log in with: tb auth"));
      settings.login(api.host(), token, api.with(token).get("/v0/workspace"));
      out.println("** Now using main");
      return;
    }
    switchTo(api, name);
    out.println("** Now using " + name);
  }

  /// Only `.tinyb` changes: with TB_TOKEN set the next command still goes where that points.
  private void switchTo(Api api, String name) {
    var branch = find(api, name);
    var token = Api.text(branch, "token");
    var settings = here.settings();
    if (settings.mainToken(api.host()).isEmpty()) {
      var main = api.get("/v0/workspace");
      if (Api.text(main, "main").isEmpty()) {
        settings.login(api.host(), api.token(), main);
      }
    }
    var workspace = api.with(token).get("/v0/workspace").asObject();
    // that call may answer with main's identity
    workspace.set("id", branch.path("id"));
    workspace.set("name", branch.path("name"));
    workspace.put("main", "branch");
    settings.login(api.host(), token, workspace);
  }

  private static JsonNode find(Api api, String name) {
    return api.find("/v0/environments/" + Api.segment(name) + "?with_token=true")
        .orElseThrow(() -> new Stopped("Branch '" + name + "' not found."));
  }

  private void remove(Arguments arguments) {
    var name = arguments.only("BRANCH_NAME_OR_ID");
    if (name.equals("main")) {
      throw new Stopped("The main workspace can't be removed as a branch.");
    }
    Here.requireYes(arguments);
    // a branch can't remove itself: main's token does, when nobody said which to use
    var given = here.api();
    var api =
        here.tokenFlag().isPresent() || here.variable("TB_TOKEN").isPresent()
            ? given
            : here.settings().mainToken(given.host()).map(given::with).orElse(given);
    var branch = find(api, name);
    var wasCurrent = here.settings().text("id").equals(Optional.of(Api.text(branch, "id")));
    api.delete("/v0/environments/" + Api.segment(Api.text(branch, "id")));
    out.println("** Branch '" + name + "' removed");
    if (wasCurrent) {
      use("main");
    }
  }
}
