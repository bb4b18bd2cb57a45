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
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The stand-in's entry.
public final class Tb {
  private static final String VERSION = "tb, version 5.0.0 (stand-in of tinybird-backfill)";

  private final Here here;
  private final PrintStream out;

  private Tb(Here here) {
    this.here = here;
    this.out = here.out();
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
      new Tb(new Here(cwd, env, out, http, pause)).command(args);
      return 0;
    } catch (Arguments.Wrong e) {
      err.println(
          "Usage: tb [OPTIONS] COMMAND [ARGS]...\nTry 'tb --help'.\n\nError: " + e.getMessage());
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
                "--help",
                "--version",
                "--version-warning",
                "--no-version-warning",
                "--show-tokens"),
            Set.of("--token", "--host", "--semver"),
            true);
    if (global.has("--version")) {
      out.println(VERSION);
      return;
    }
    var rest = global.rest();
    var help = rest.indexOf("--help");
    if (global.has("--help") || help >= 0) {
      help(String.join(" ", help < 0 ? List.of() : rest.subList(0, help)));
      return;
    }
    if (global.option("--semver").isPresent()) {
      throw new Arguments.Wrong("'--semver' is the real client's; this stand-in has no releases.");
    }
    if (rest.isEmpty()) {
      throw new Arguments.Wrong("Missing command.");
    }
    here.given(global.option("--host"), global.option("--token"));
    var command =
        commands().stream()
            .filter(c -> c.meets(rest))
            .max(Comparator.comparingInt(c -> c.words().length()))
            .orElseThrow(() -> unknown(rest));
    if (here.tokenFlag().isEmpty()
        && !global.has("--no-version-warning")
        && here.variable("PYTEST").isEmpty()
        && !here.environment().getOrDefault("TB_VERSION_WARNING", "1").equals("0")) {
      // on stdout, like the real one: a script that parses output without silencing it must fail
      out.println("** UPDATE AVAILABLE: please run \"pip install tinybird-cli --upgrade\"");
    }
    command.run(rest);
  }

  private Arguments.Wrong unknown(List<String> words) {
    var group = words.getFirst();
    var names =
        commands().stream()
            .map(Command::words)
            .filter(c -> c.startsWith(group + " "))
            .map(c -> c.substring(group.length() + 1))
            .toList();
    return new Arguments.Wrong(
        names.isEmpty()
            ? "No such command '" + group + "' in this stand-in."
            : words.size() == 1
                ? "Missing command: " + group + " has " + String.join(", ", names) + "."
                : "No such command '"
                    + String.join(" ", words)
                    + "' in this stand-in: "
                    + group
                    + " has "
                    + String.join(", ", names)
                    + ".");
  }

  private void help(String group) {
    out.println(
        """
        Usage: tb [--token T] [--host H] [--no-version-warning] [--show-tokens] COMMAND [ARGS]...

        A stand-in for Tinybird's Classic command line, for scripts in tests and the demo. It knows these:
        """);
    commands().stream()
        .filter(c -> c.known() && (c.words() + " ").startsWith(group.isEmpty() ? "" : group + " "))
        .forEach(c -> out.println(c.line()));
    out.println(
        """

        Flag, then TB_TOKEN and TB_HOST, then .tinyb: TB_TOKEN beats the branch one has switched to.
        Exit: 0 success, 1 an error, 2 wrong usage or something this stand-in doesn't have.\
        """);
  }

  private List<Command> commands() {
    var commands = new ArrayList<Command>();
    commands.add(
        Command.of("auth", "[--token T] [--host H] [--region R]", this::auth)
            .valued("--token", "--host", "--region")
            .notHere("-i", "--interactive"));
    commands.add(Command.of("auth info", "", this::authInfo));
    commands.add(Command.of("auth ls", "", this::regions));
    commands.add(Command.of("check", "[FILES...]", this::check).flags("--debug"));
    commands.add(
        Command.of("init", "--git | --override-commit SHA", this::init)
            .flags("--git")
            .valued("--override-commit"));
    commands.add(
        new Command(
            "deploy",
            "[--dry-run] [--populate [--subset F] [--sql-condition S] [--unlink-on-populate-error]]"
                + " [--wait] [--yes]",
            Deployment.FLAGS,
            Deployment.OPTIONS,
            Set.of(
                "--override-datasource",
                "--workspace_map",
                "--workspace",
                "--folder",
                "--fork-downstream",
                "--fork",
                "--use-main"),
            this::deploy));
    commands.add(Push.command(here));
    commands.addAll(new BranchCommands(here).all());
    commands.addAll(new PipeCommands(here).all());
    commands.addAll(new DataSourceCommands(here).all());
    commands.addAll(new JobCommands(here).all());
    commands.add(
        Command.of(
                "sql",
                "QUERY [--rows_limit N] [--pipeline P] [--format json|csv|human] [--stats]",
                this::sql)
            .flags("--stats")
            .valued("--rows_limit", "--format", "--pipeline")
            .notHere("--pipe", "--node"));
    commands.add(Command.of("workspace current", "", this::workspace));
    for (var words : List.of("test", "dependencies", "diff", "workspace", "token")) {
      commands.add(Command.foreign(words));
    }
    return commands;
  }

  // --- who and where

  private void authInfo(Arguments arguments) {
    arguments.none();
    var api = here.api();
    var workspace = api.get("/v0/workspace");
    if (here.tokenFlag().isPresent()) {
      here.settings().login(api.host(), api.token(), workspace);
    }
    here.table(
        List.of("user", "workspace_name", "workspace_id", "host"),
        List.of(
            List.of(
                Api.text(workspace, "user_email"),
                Api.text(workspace, "name"),
                Api.text(workspace, "id"),
                api.host())));
  }

  private void regions(Arguments arguments) {
    arguments.none();
    here.table(
        List.of("name", "host"),
        Api.list(here.anybody().get("/v0/regions"), "regions").stream()
            .map(r -> List.of(Api.text(r, "name"), Api.text(r, "api_host")))
            .toList());
  }

  private void auth(Arguments arguments) {
    arguments.none();
    here.given(arguments.option("--host"), arguments.option("--token"));
    arguments
        .option("--region")
        .or(() -> here.variable("TB_REGION"))
        .ifPresent(name -> here.given(Optional.of(region(name)), Optional.empty()));
    if (here.tokenFlag().isEmpty() && here.variable("TB_TOKEN").isEmpty()) {
      throw new Stopped("Aborted! Give a token with --token.");
    }
    var api = here.api();
    here.settings().login(api.host(), api.token(), api.get("/v0/workspace"));
    out.println("** Auth successful! Configuration written to .tinyb");
  }

  private String region(String name) {
    return Api.list(here.anybody().get("/v0/regions"), "regions").stream()
        .filter(r -> Api.text(r, "name").equals(name))
        .map(r -> Api.text(r, "api_host"))
        .findFirst()
        .orElseThrow(() -> new Stopped("There is no region " + name + ". See: tb auth ls"));
  }

  private void workspace(Arguments arguments) {
    arguments.none();
    var workspace = here.api().get("/v0/workspace");
    here.table(
        List.of("name", "id", "current"),
        List.of(List.of(Api.text(workspace, "name"), Api.text(workspace, "id"), "True")));
  }

  /// The files' syntax alone: nobody is asked.
  private void check(Arguments arguments) {
    Push.parsed(here, arguments.rest());
    out.println("** Files are well formed");
  }

  // --- git

  private void deploy(Arguments arguments) {
    arguments.none();
    new Deployment(here.api(), here.folder(), here.environment(), arguments, out).run();
  }

  private void init(Arguments arguments) {
    arguments.none();
    if (!arguments.has("--git") && arguments.option("--override-commit").isEmpty()) {
      throw new Arguments.Wrong("This stand-in knows only init --git and --override-commit.");
    }
    var api = here.api();
    if (!Api.text(api.get("/v0/workspace"), "main").isEmpty()) {
      throw new Stopped("tb init can't be used in a branch. Run: tb branch use main");
    }
    var workspace = Deployment.own(api);
    if (!workspace.has("release")) {
      throw new Stopped("This workspace has no access to git.");
    }
    String commit;
    try (Revisions revisions = JGitRevisions.open(here.folder())) {
      var override = arguments.option("--override-commit");
      var head = revisions.resolve(override.orElse("HEAD"));
      if (override.isEmpty()) {
        var project = Deployment.project(revisions, here.folder());
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
    for (var path = here.folder(); path != null; path = path.getParent()) {
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

  private void sql(Arguments arguments) {
    var query = arguments.only("QUERY");
    var format = arguments.option("--format").orElse("human");
    if (!Set.of("json", "csv", "human").contains(format)) {
      throw new Arguments.Wrong("Invalid value for '--format': " + format);
    }
    var limit = arguments.option("--rows_limit").orElse("100");
    if (!limit.matches("[0-9]{1,9}")) {
      throw new Arguments.Wrong("Invalid value for '--rows_limit': " + limit);
    }
    var path =
        arguments
            .option("--pipeline")
            .map(p -> "/v0/sql?pipeline=" + Api.segment(p))
            .orElse("/v0/sql");
    var limited = "SELECT * FROM (" + query + ") LIMIT " + limit + " FORMAT JSON";
    var api = here.api();
    var answer = api.postText(path, limited);
    if (arguments.has("--stats")) {
      // as the real one: the query runs a second time for it
      out.println("** " + api.postText(path, limited).path("statistics"));
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
          here.table(
              columns,
              rows.stream()
                  .map(row -> columns.stream().map(c -> Api.text(row, c)).toList())
                  .toList());
    }
  }

  private static String csv(String value) {
    return value.matches("[^\",\\r\\n]*") ? value : '"' + value.replace("\"", "\"\"") + '"';
  }
}
