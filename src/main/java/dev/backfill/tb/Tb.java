package dev.backfill.tb;

import dev.backfill.failure.Failure;
import dev.backfill.failure.Failure.Kind;
import dev.backfill.failure.Failure.Remote;
import dev.backfill.http.Http;
import dev.backfill.http.Limits;
import dev.backfill.http.Pause;
import dev.backfill.http.Waiting;
import dev.backfill.revision.Revisions;
import dev.backfill.revision.jgit.JGitRevisions;
import dev.backfill.tinybird.http.Host;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// The stand-in's entry.
public final class Tb {
  private static final String VERSION = "tb, version 5.0.0 (stand-in of tinybird-backfill)";
  private static final Set<String> NO_FLAGS = Set.of();

  private final Path folder;
  private final Map<String, String> environment;
  private final PrintStream out;
  private final Http http;
  private final Pause pause;
  private Optional<String> hostFlag = Optional.empty();
  private Optional<String> tokenFlag = Optional.empty();

  private Tb(
      Path folder, Map<String, String> environment, PrintStream out, Http http, Pause pause) {
    this.folder = folder;
    this.environment = environment;
    this.out = out;
    this.http = http;
    this.pause = pause;
  }

  /// Runs one command.
  ///
  /// @param args words behind `tb`
  /// @param cwd the project's folder, where `.tinyb` lies
  /// @param env environment variables; the process' own are not read
  /// @return 0 success, 1 an error, 2 wrong usage or something the stand-in doesn't know
  public static int run(
      List<String> args, Path cwd, Map<String, String> env, PrintStream out, PrintStream err) {
    return run(args, cwd, env, out, err, Pause.SYSTEM);
  }

  static int run(
      List<String> args,
      Path cwd,
      Map<String, String> env,
      PrintStream out,
      PrintStream err,
      Pause pause) {
    Waiting waiting = (because, since, next) -> err.println("** waiting: " + because);
    try (var http = new Http(Limits.DEFAULT, pause, waiting)) {
      new Tb(cwd, env, out, http, pause).command(args);
      return 0;
    } catch (Arguments.Wrong e) {
      err.println("Usage: tb [OPTIONS] COMMAND [ARGS]...\n\nError: " + e.getMessage());
      return 2;
    } catch (Remote e) {
      // as the real one: refused tokens are told on stdout, everything else on stderr
      (e.kind() == Kind.FORBIDDEN ? out : err).println("Error: " + e.getMessage());
      return 1;
    } catch (Stopped | Failure e) {
      err.println("Error: " + e.getMessage());
      return 1;
    } finally {
      out.flush();
      err.flush();
    }
  }

  private void command(List<String> words) {
    var global =
        Arguments.parse(
            words,
            Set.of(
                "--debug",
                "--version",
                "--version-warning",
                "--no-version-warning",
                "--show-tokens"),
            Set.of("--token", "--host"),
            true);
    if (global.has("--version")) {
      out.println(VERSION);
      return;
    }
    hostFlag = global.option("--host");
    tokenFlag = global.option("--token");
    if (global.rest().isEmpty()) {
      throw new Arguments.Wrong("Missing command.");
    }
    if (tokenFlag.isEmpty()
        && !global.has("--no-version-warning")
        && !environment.getOrDefault("TB_VERSION_WARNING", "1").equals("0")) {
      // on stdout, like the real one: a script that parses output without silencing it must fail
      out.println("** UPDATE AVAILABLE: please run \"pip install tinybird-cli --upgrade\"");
    }
    var command = global.rest().getFirst();
    var rest = global.rest().subList(1, global.rest().size());
    switch (command) {
      case "auth" -> auth(rest);
      case "branch" -> branch(rest);
      case "deploy" -> deploy(Arguments.parse(rest, Deployment.FLAGS, Deployment.OPTIONS, false));
      case "sql" -> sql(rest);
      case "pipe" -> pipe(rest);
      case "datasource" -> dataSource(rest);
      case "init" -> init(rest);
      case "workspace" -> workspace(rest);
      default -> throw new Arguments.Wrong("No such command '" + command + "' in this stand-in.");
    }
  }

  private static String sub(List<String> words) {
    if (words.isEmpty()) {
      throw new Arguments.Wrong("Missing command.");
    }
    return words.getFirst();
  }

  private static List<String> after(List<String> words, int count) {
    return words.subList(count, words.size());
  }

  private static Arguments.Wrong unknown(String group, String command) {
    return new Arguments.Wrong("No such command '" + group + " " + command + "' in this stand-in.");
  }

  // --- who and where

  /// Flag, then environment, then `.tinyb`: TB_TOKEN beats the branch one has switched to.
  private Api api() {
    var settings = Settings.in(folder);
    var host =
        hostFlag
            .or(() -> variable("TB_HOST"))
            .or(() -> settings.text("host"))
            .orElse("https://api.tinybird.co");
    var token =
        tokenFlag
            .or(() -> variable("TB_TOKEN"))
            .or(() -> settings.text("token"))
            .orElseThrow(() -> new Stopped("No token. Log in with: tb auth"));
    return new Api(http, pause, Host.parse(host).toString(), token);
  }

  private Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
  }

  private void auth(List<String> words) {
    if (!words.isEmpty() && words.getFirst().equals("info")) {
      Arguments.parse(after(words, 1), NO_FLAGS, Set.of(), false).none();
      var api = api();
      var workspace = api.get("/v0/workspace");
      if (tokenFlag.isPresent()) {
        Settings.in(folder).login(api.host(), api.token(), workspace);
      }
      table(
          List.of("user", "workspace_name", "workspace_id", "host"),
          List.of(
              List.of(
                  Api.text(workspace, "user_email"),
                  Api.text(workspace, "name"),
                  Api.text(workspace, "id"),
                  api.host())));
      return;
    }
    var arguments = Arguments.parse(words, NO_FLAGS, Set.of("--token", "--host"), false);
    arguments.none();
    hostFlag = arguments.option("--host").or(() -> hostFlag);
    tokenFlag = arguments.option("--token").or(() -> tokenFlag);
    if (tokenFlag.isEmpty() && variable("TB_TOKEN").isEmpty()) {
      throw new Stopped("Aborted! Give a token with --token.");
    }
    var api = api();
    Settings.in(folder).login(api.host(), api.token(), api.get("/v0/workspace"));
    out.println("** Auth successful! Configuration written to .tinyb");
  }

  private void workspace(List<String> words) {
    if (!sub(words).equals("current")) {
      throw unknown("workspace", sub(words));
    }
    Arguments.parse(after(words, 1), NO_FLAGS, Set.of(), false).none();
    var workspace = api().get("/v0/workspace");
    table(
        List.of("name", "id", "current"),
        List.of(List.of(Api.text(workspace, "name"), Api.text(workspace, "id"), "True")));
  }

  // --- branches

  private void branch(List<String> words) {
    var rest = after(words, Math.min(1, words.size()));
    switch (sub(words)) {
      case "ls" -> {
        Arguments.parse(rest, Set.of("--sort", "--no-sort"), Set.of(), false).none();
        branchList();
      }
      case "create" ->
          branchCreate(
              Arguments.parse(
                  rest,
                  Set.of("--last-partition", "--all", "--wait", "--no-wait"),
                  Set.of("-i", "--ignore-datasource"),
                  false));
      case "use" -> branchUse(Arguments.parse(rest, NO_FLAGS, Set.of(), false).only("NAME"));
      case "current" -> {
        Arguments.parse(rest, NO_FLAGS, Set.of(), false).none();
        var workspace = api().get("/v0/workspace");
        var main = Api.text(workspace, "main").isEmpty();
        table(
            List.of("name", "id", "workspace"),
            List.of(
                List.of(
                    main ? "main" : Api.text(workspace, "name"),
                    Api.text(workspace, "id"),
                    main ? Api.text(workspace, "name") : Api.text(workspace, "main"))));
      }
      case "rm" -> branchRemove(Arguments.parse(rest, Set.of("--yes"), Set.of(), false));
      default -> throw unknown("branch", sub(words));
    }
  }

  private void branchList() {
    var api = api();
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
    table(List.of("name", "id", "created_at", "owner", "current"), rows);
  }

  private void branchCreate(Arguments arguments) {
    var name = arguments.only("BRANCH_NAME");
    if (!name.matches("[A-Za-z0-9_]+")) {
      throw new Stopped("Invalid branch name: only letters, digits and underscores.");
    }
    var api = api();
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

  private void branchUse(String name) {
    var api = api();
    if (name.equals("main")) {
      var settings = Settings.in(folder);
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
    var settings = Settings.in(folder);
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

  private void branchRemove(Arguments arguments) {
    var name = arguments.only("BRANCH_NAME_OR_ID");
    if (name.equals("main")) {
      throw new Stopped("The main workspace can't be removed as a branch.");
    }
    requireYes(arguments);
    var api = api();
    var branch = find(api, name);
    var wasCurrent = Settings.in(folder).text("id").equals(Optional.of(Api.text(branch, "id")));
    api.delete("/v0/environments/" + Api.segment(Api.text(branch, "id")));
    out.println("** Branch '" + name + "' removed");
    if (wasCurrent) {
      branchUse("main");
    }
  }

  private static void requireYes(Arguments arguments) {
    if (!arguments.has("--yes")) {
      throw new Stopped("Aborted! This asks for confirmation; give --yes.");
    }
  }

  // --- git

  private void deploy(Arguments arguments) {
    arguments.none();
    new Deployment(api(), folder, environment, arguments, out).run();
  }

  private void init(List<String> words) {
    var arguments = Arguments.parse(words, Set.of("--git"), Set.of("--override-commit"), false);
    arguments.none();
    if (!arguments.has("--git") && arguments.option("--override-commit").isEmpty()) {
      throw new Arguments.Wrong("This stand-in knows only init --git and --override-commit.");
    }
    var api = api();
    if (!Api.text(api.get("/v0/workspace"), "main").isEmpty()) {
      throw new Stopped("tb init can't be used in a branch. Run: tb branch use main");
    }
    var workspace = Deployment.own(api);
    if (!workspace.has("release")) {
      throw new Stopped("This workspace has no access to git.");
    }
    String commit;
    try (Revisions revisions = JGitRevisions.open(folder)) {
      var override = arguments.option("--override-commit");
      var head = revisions.resolve(override.orElse("HEAD"));
      if (override.isEmpty()) {
        var project = Deployment.project(revisions, folder);
        requireTinybIgnored(revisions, project);
        Deployment.requireClean(revisions, head, project);
        requireSameResources(api, revisions.at(head, project));
      }
      commit = head.hex();
    }
    var answer =
        api.post(
            "/v0/workspaces/"
                + Api.segment(Api.text(workspace, "id"))
                + "/releases/?commit="
                + commit
                + "&force=true");
    out.println("** Workspace now at commit " + Api.text(answer, "commit"));
  }

  private void requireTinybIgnored(Revisions revisions, String project) {
    var files = new ArrayList<Path>();
    for (var path = folder; path != null; path = path.getParent()) {
      files.add(path.resolve(".gitignore"));
      if (path.equals(revisions.root())) {
        break;
      }
    }
    var ignored =
        files.stream()
            .filter(Files::isRegularFile)
            .anyMatch(file -> {
              try {
                return Files.readAllLines(file).stream()
                    .map(String::strip)
                    .anyMatch(line -> line.equals(".tinyb") || line.equals("**/.tinyb"));
              } catch (IOException e) {
                throw new Failure.Machine("can't read " + file, e);
              }
            });
    if (!ignored) {
      throw new Stopped(".tinyb of " + project + " is not in .gitignore. Add it.");
    }
  }

  /// The real one compares the texts; this stand-in the names.
  private static void requireSameResources(Api api, dev.backfill.revision.Snapshot head) {
    var local = new TreeSet<String>();
    for (var path : head.files().keySet()) {
      if (Definitions.isResource(path)) {
        local.add(path.substring(path.lastIndexOf('/') + 1));
      }
    }
    var remote = new TreeSet<String>();
    Api.list(api.get("/v0/datasources?attrs="), "datasources")
        .forEach(d -> remote.add(Api.text(d, "name") + ".datasource"));
    Api.list(api.get("/v0/pipes?dependencies=false&attrs=&node_attrs="), "pipes")
        .forEach(p -> remote.add(Api.text(p, "name") + ".pipe"));
    if (!local.equals(remote)) {
      throw new Stopped(
          "The workspace and the files differ: " + remote + " there, " + local + " here.");
    }
  }

  // --- data

  private void sql(List<String> words) {
    var arguments =
        Arguments.parse(words, Set.of("--stats"), Set.of("--rows_limit", "--format"), false);
    var query = arguments.only("QUERY");
    var format = arguments.option("--format").orElse("human");
    if (!Set.of("json", "csv", "human").contains(format)) {
      throw new Arguments.Wrong("Invalid value for '--format': " + format);
    }
    var limit = arguments.option("--rows_limit").orElse("100");
    if (!limit.matches("[0-9]{1,9}")) {
      throw new Arguments.Wrong("Invalid value for '--rows_limit': " + limit);
    }
    var answer =
        api().postText("/v0/sql", "SELECT * FROM (" + query + ") LIMIT " + limit + " FORMAT JSON");
    if (arguments.has("--stats")) {
      out.println("** " + answer.path("statistics"));
    }
    var rows = Api.list(answer, "data");
    if (rows.isEmpty()) {
      // also with --format json: a sentence, no JSON
      out.println("** No rows");
      return;
    }
    var columns = Api.list(answer, "meta").stream().map(c -> Api.text(c, "name")).toList();
    switch (format) {
      case "json" -> out.println(answer.toPrettyString());
      case "csv" -> {
        out.println(columns.stream().map(Tb::csv).collect(Collectors.joining(",")));
        for (var row : rows) {
          out.println(
              columns.stream().map(c -> csv(Api.text(row, c))).collect(Collectors.joining(",")));
        }
      }
      default ->
          table(
              columns,
              rows.stream()
                  .map(row -> columns.stream().map(c -> Api.text(row, c)).toList())
                  .toList());
    }
  }

  private static String csv(String value) {
    return value.matches("[^\",\\r\\n]*") ? value : '"' + value.replace("\"", "\"\"") + '"';
  }

  private void pipe(List<String> words) {
    switch (sub(words)) {
      case "ls" -> {
        Arguments.parse(after(words, 1), NO_FLAGS, Set.of(), false).none();
        table(
            List.of("name", "published date", "nodes"),
            Api.list(api().get("/v0/pipes?dependencies=false&attrs=&node_attrs="), "pipes").stream()
                .map(p ->
                    List.of(
                        Api.text(p, "name"),
                        Api.text(p, "created_at"),
                        String.valueOf(p.path("nodes").size())))
                .toList());
      }
      case "rm" -> {
        var arguments = Arguments.parse(after(words, 1), Set.of("--yes"), Set.of(), false);
        var name = arguments.only("PIPE_NAME_OR_ID");
        requireYes(arguments);
        api().delete("/v0/pipes/" + Api.segment(name));
        out.println("** Pipe '" + name + "' deleted");
      }
      case "copy" -> {
        var rest = after(words, 1);
        if (!sub(rest).equals("run")) {
          throw unknown("pipe copy", sub(rest));
        }
        copyRun(
            Arguments.parse(
                after(rest, 1), Set.of("--wait", "--yes"), Set.of("--mode", "--param"), false));
      }
      case "populate" ->
          populate(
              Arguments.parse(
                  after(words, 1),
                  Set.of("--truncate", "--unlink-on-populate-error", "--wait"),
                  Set.of("--node", "--sql-condition"),
                  false));
      default -> throw unknown("pipe", sub(words));
    }
  }

  private void copyRun(Arguments arguments) {
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
    requireYes(arguments);
    var api = api();
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
    var api = api();
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

  private void dataSource(List<String> words) {
    switch (sub(words)) {
      case "ls" -> dataSources(words);
      case "rm" -> {
        var arguments = Arguments.parse(after(words, 1), Set.of("--yes"), Set.of(), false);
        var name = arguments.only("DATASOURCE_NAME");
        requireYes(arguments);
        var path = "/v0/datasources/" + Api.segment(name);
        api().delete(path + "?force=false&dry_run=true");
        api().delete(path + "?force=true&dry_run=false");
        out.println("** Data Source '" + name + "' deleted");
      }
      default -> throw unknown("datasource", sub(words));
    }
  }

  private void dataSources(List<String> words) {
    var arguments =
        Arguments.parse(after(words, 1), NO_FLAGS, Set.of("--match", "--format"), false);
    arguments.none();
    var match = Pattern.compile(arguments.option("--match").orElse(""));
    var found =
        Api.list(api().get("/v0/datasources?attrs="), "datasources").stream()
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
      table(columns, rows);
    }
  }

  private static String count(String number) {
    return number.isEmpty() || number.equals("0") ? "-" : number;
  }

  private void table(List<String> columns, List<? extends List<String>> rows) {
    var widths = new int[columns.size()];
    for (var i = 0; i < widths.length; i++) {
      var column = i;
      widths[i] =
          Math.max(
              columns.get(i).length(),
              rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0));
    }
    line(columns, widths);
    rows.forEach(row -> line(row, widths));
  }

  private void line(List<String> cells, int[] widths) {
    var line = new StringBuilder("|");
    for (var i = 0; i < widths.length; i++) {
      line.append(' ').append(cells.get(i));
      line.append(" ".repeat(widths[i] - cells.get(i).length())).append(" |");
    }
    out.println(line);
  }
}
