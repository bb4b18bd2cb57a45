package dev.backfill.tb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// `tb push`: files of the project into the workspace, without git.
final class Push {
  private Push() {}

  static Command command(Here here) {
    return Command.of(
            "push",
            "[FILES...] [--force] [--no-check] [--dry-run] [--fixtures] [--populate [--subset F]"
                + " [--sql-condition S] [--unlink-on-populate-error]] [--wait] [--yes]",
            arguments -> push(here, arguments))
        .flags(
            "-f",
            "--force",
            "--check",
            "--no-check",
            "--dry-run",
            "--debug",
            "--populate",
            "--unlink-on-populate-error",
            "--fixtures",
            "--wait",
            "--yes")
        .valued("--subset", "--sql-condition", "--user_token")
        .notHere(
            "--push-deps",
            "--only-changes",
            "--override-datasource",
            "--only-response-times",
            "--workspace_map",
            "--workspace",
            "--no-versions",
            "-l",
            "--limit",
            "--sample-by-params",
            "-ff",
            "--failfast",
            "--ignore-order",
            "--validate-processed-bytes");
  }

  private static void push(Here here, Arguments arguments) {
    var definitions = parsed(here, arguments.rest());
    var out = here.out();
    var force = arguments.has("--force") || arguments.has("-f");
    var pipes = definitions.ordered(definitions.pipes());
    definitions.dataSources().forEach(name -> out.println("** Push " + name + ".datasource"));
    pipes.forEach(name -> out.println("** Push " + name + ".pipe"));
    if (arguments.has("--dry-run")) {
      out.println("** Dry run, nothing was changed");
      return;
    }
    var api = here.api();
    if (force && !arguments.has("--no-check")) {
      pipes.stream()
          .flatMap(name -> api.find("/v0/pipes/" + Api.segment(name)).stream())
          .filter(live -> !Api.text(live, "endpoint").isEmpty())
          .findFirst()
          .ifPresent(live -> {
            throw new Stopped(
                "'"
                    + Api.text(live, "name")
                    + "' is an endpoint, and this stand-in compares no answers; give --no-check.");
          });
    }
    var pusher = new Pusher(api, definitions, arguments, force, out);
    for (var name : definitions.dataSources()) {
      pusher.dataSource(name);
      if (arguments.has("--fixtures")) {
        fixture(here, api, name);
      }
    }
    pipes.forEach(pusher::pipe);
  }

  private static void fixture(Here here, Api api, String name) {
    for (var format : List.of("ndjson", "csv")) {
      var file = here.folder().resolve("datasources/fixtures/" + name + "." + format);
      if (Files.isRegularFile(file)) {
        var path = "/v0/datasources?mode=append&name=" + Api.segment(name) + "&format=" + format;
        api.upload(path, format, file);
        here.out().println("** Fixture of '" + name + "' appended");
        return;
      }
    }
  }

  /// The files that are named, or all of the folder.
  ///
  /// @throws Stopped when one isn't there, is no datafile or can't be read
  static Definitions parsed(Here here, List<String> names) {
    var folder = here.folder();
    var all = files(folder);
    var wanted = new TreeMap<String, String>();
    for (var name : names) {
      var path =
          folder.toAbsolutePath().relativize(folder.toAbsolutePath().resolve(name)).normalize();
      var text = all.get(path.toString());
      if (text == null || !(name.endsWith(".pipe") || name.endsWith(".datasource"))) {
        throw new Stopped(name + " is no .datasource or .pipe file of this folder.");
      }
      wanted.put(path.toString(), text);
    }
    all.forEach((path, text) -> {
      // what is included is needed, whoever is pushed
      if (names.isEmpty() || path.endsWith(".incl")) {
        wanted.put(path, text);
      }
    });
    return Definitions.of(wanted, new Variables(here.environment()));
  }

  private static SortedMap<String, String> files(Path folder) {
    var files = new TreeMap<String, String>();
    try (var paths = Files.walk(folder)) {
      for (var path : paths.filter(Files::isRegularFile).toList()) {
        var name = folder.relativize(path).toString();
        if (name.endsWith(".pipe") || name.endsWith(".datasource") || name.endsWith(".incl")) {
          files.put(name, Files.readString(path));
        }
      }
    } catch (IOException e) {
      throw new Stopped("The folder can't be read: " + e.getMessage());
    }
    return files;
  }
}
