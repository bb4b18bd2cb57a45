package dev.backfill.emit;

import dev.backfill.plan.Border;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Seam;
import dev.backfill.plan.Ticks;
import dev.backfill.project.DataSource;
import dev.backfill.project.TimeType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// `deploy.sh` out of its template. Whatever is filled in is a name, a path, a number or a hash of
/// letters and digits, checked here: nothing of a pull request can be read as shell or Python.
final class DeployScript {
  static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]+");
  static final Pattern PATH = Pattern.compile("(?![-/])[A-Za-z0-9_.][A-Za-z0-9_./-]*");
  static final Pattern VERSION = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*");
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{(\\w+)\\}\\}");
  private static final Pattern SEALED = Pattern.compile("(?m)^([0-9a-f]{64})  (\\S+)$");
  private static final Pattern BEFORE = Pattern.compile("(?m)^# Before this plan: (.*)$");
  private static final String NO_FILE = "no .tinyenv";
  private static final String NO_VERSION = "no VERSION";

  /// Types that the engine lists as other columns, or in another spelling, than they are written.
  private static final Set<String> RESHAPED = Set.of("Nested", "JSON", "Object");

  private DeployScript() {}

  static String path(String version) {
    return "deploy/" + version + "/deploy.sh";
  }

  /// What leads to `deploy.sh` where a template of the CI looks for another name.
  static String through() {
    return template("through.sh");
  }

  /// @param files path of the file each Pipe of the plan is in, by the Pipe's name
  /// @param targets definition of each target, by its name, as far as it has a file
  /// @param sealed text of every file the plan rests on, by path
  /// @param tinyenv the author's `.tinyenv`, if there is one
  static String text(
      PlanCore core,
      Map<String, String> files,
      Map<String, DataSource> targets,
      SortedMap<String, String> sealed,
      Optional<String> tinyenv) {
    // What hangs from another one and is filled with it needs no word of its own.
    var direct =
        core.migrations().stream()
            .filter(m -> core.direct().contains(m) || m.seam().isPresent())
            .toList();
    return fill(
        template("deploy.sh"),
        Map.of(
            "sources", names(direct.stream().map(Migration::source).toList()),
            "targets", names(direct.stream().map(Migration::target).toList()),
            "version", checked(VERSION, core.version()),
            "before", before(tinyenv),
            "sealed",
                sealed.entrySet().stream()
                    .map(e -> Texts.sha256(e.getValue()) + "  " + checked(PATH, e.getKey()))
                    .collect(Collectors.joining("\n")),
            "python",
                fill(
                        template("deploy.py"),
                        Map.of(
                            "migrations", migrations(core, files, targets),
                            "lead", Long.toString(seconds(core.cutover().lead())),
                            "margin", Long.toString(seconds(core.limits().margin()))))
                    .stripTrailing()));
  }

  private static long seconds(java.time.Duration duration) {
    return duration.plusNanos(999_999_999).toSeconds();
  }

  private static String names(List<String> names) {
    return names.stream().map(n -> checked(NAME, n)).collect(Collectors.joining(", "));
  }

  private static String migrations(
      PlanCore core, Map<String, String> files, Map<String, DataSource> targets) {
    var out = new ArrayList<String>();
    for (var m : core.migrations()) {
      var pipe = m.liveFeed().pipe();
      if (m.seam().isPresent()) {
        // They carry the cutover themselves, as a sync Pipe does.
        for (var feeder : m.seam().get().feeders()) {
          out.add(
              migration(
                  core,
                  files,
                  targets,
                  m,
                  new Live(feeder.fork(), "", ""),
                  Optional.of(Seam.CUTOVER_TYPE)));
        }
        continue;
      }
      var live =
          switch (m.liveFeed().kind()) {
            case SYNC -> new Live(pipe, "", "");
            case FORK -> new Live("", pipe, m.trigger());
            case PRODUCERS, NONE -> new Live("", "", "");
          };
      out.add(migration(core, files, targets, m, live, m.cutType()));
    }
    return "[\n" + String.join(",\n", out) + "\n]";
  }

  private static String migration(
      PlanCore core,
      Map<String, String> files,
      Map<String, DataSource> targets,
      Migration m,
      Live live,
      Optional<TimeType> cutBy) {
    var fields = new TreeMap<String, String>();
    fields.put("target", string(m.target()));
    fields.put("trigger", string(live.trigger()));
    fields.put("sync", string(live.sync()));
    fields.put("sync_file", file(files, live.sync()));
    fields.put("fork", string(live.fork()));
    fields.put("fork_file", file(files, live.fork()));
    fields.put("variable", string(m.cutoverVariable()));
    fields.put("target_file", target(m));
    var definition = Optional.ofNullable(targets.get(m.target()));
    fields.put(
        "key",
        "\"%s\""
            .formatted(
                definition
                    .map(d -> hash(plain(String.join(",", d.engine().sortingKey()))))
                    .orElse("")));
    fields.put(
        "columns",
        definition.stream()
            .flatMap(d -> d.columns().stream())
            .filter(c -> c.insertable() && !RESHAPED.contains(c.type().name()))
            .map(c -> hash(c.name() + " " + c.type().text().replaceAll("\\s", "")))
            .map(h -> '"' + h + '"')
            .collect(Collectors.joining(", ", "[", "]")));
    fields.put("cut", cutBy.isPresent() ? "1" : "0");
    fields.put("arrival", m.border() == Border.ARRIVAL ? "1" : "0");
    fields.put(
        "copy",
        string(
            switch (m.historyFeed().kind()) {
              case COPY -> m.historyFeed().pipe();
              case FORK, SEAM, REPLAY, POPULATE, NONE -> "";
            }));
    fields.put(
        "populate",
        switch (m.historyFeed().kind()) {
          case POPULATE -> string(m.source());
          case COPY, FORK, SEAM, REPLAY, NONE -> "\"\"";
        });
    fields.put("pinned", "\"\"");
    fields.put("daily", "0");
    fields.put("digits", "0");
    cutBy.ifPresent(type -> {
      fields.put("daily", type.daily() ? "1" : "0");
      fields.put("digits", Integer.toString(type.precision()));
      core.cutover()
          .pinned()
          .ifPresent(
              t -> fields.put("pinned", "\"" + Ticks.text(type, Ticks.ceil(type, t)) + "\""));
    });
    return fields.entrySet().stream()
        .map(e -> "\"" + e.getKey() + "\": " + e.getValue())
        .collect(Collectors.joining(", ", "    {", "}"));
  }

  /// The live feed as the script knows it.
  private record Live(String sync, String fork, String trigger) {}

  /// What may be anything stays out of the script: only this much of its hash is in it.
  private static String hash(String text) {
    return Texts.sha256(text).substring(0, 16);
  }

  /// A key as the client compares it.
  private static String plain(String key) {
    return key.replaceAll("[\\s`()\"]|^tuple", "").toLowerCase(Locale.ROOT);
  }

  private static String string(String name) {
    return "\"" + (name.isEmpty() ? "" : checked(NAME, name)) + "\"";
  }

  private static String file(Map<String, String> files, String pipe) {
    var path = files.get(pipe);
    return path == null ? "\"\"" : word(path);
  }

  /// The file of the target, where it has one of its own.
  private static String target(Migration m) {
    return m.files().stream()
        .filter(f -> ("/" + f).endsWith("/" + m.target() + ".datasource"))
        .findFirst()
        .map(DeployScript::word)
        .orElse("\"\"");
  }

  private static String word(String path) {
    return "\"" + checked(PATH, path) + "\"";
  }

  private static String checked(Pattern pattern, String text) {
    if (!pattern.matcher(text).matches()) {
      throw new IllegalArgumentException("not fit for a script: " + text);
    }
    return text;
  }

  private static String before(Optional<String> tinyenv) {
    return tinyenv
        .map(t -> VersionLine.of(t).map(v -> "VERSION=" + v).orElse(NO_VERSION))
        .orElse(NO_FILE);
  }

  /// `.tinyenv` as it was before the script's plan; empty when there was none.
  static Optional<String> tinyenvBefore(String script, String tinyenv) {
    var matcher = BEFORE.matcher(script);
    var before = matcher.find() ? matcher.group(1) : "";
    if (before.equals(NO_FILE)) {
      var rest = VersionLine.removed(tinyenv);
      return rest.isEmpty() ? Optional.empty() : Optional.of(rest);
    }
    if (before.equals(NO_VERSION)) {
      return Optional.of(VersionLine.removed(tinyenv));
    }
    var version = before.startsWith("VERSION=") ? before.substring("VERSION=".length()) : "";
    return version.matches("[A-Za-z0-9._-]*") && before.startsWith("VERSION=")
        ? VersionLine.set(tinyenv, version).or(() -> Optional.of(tinyenv))
        : Optional.of(tinyenv);
  }

  /// Hashes of the files that a script of ours seals, by path.
  static SortedMap<String, String> sealed(String script) {
    var out = new TreeMap<String, String>();
    SEALED.matcher(script).results().forEach(m -> out.put(m.group(2), m.group(1)));
    return out;
  }

  private static String fill(String template, Map<String, String> values) {
    return PLACEHOLDER
        .matcher(template)
        .replaceAll(m -> {
          var value = values.get(m.group(1));
          if (value == null) {
            throw new IllegalStateException("nothing to fill in for " + m.group());
          }
          return Matcher.quoteReplacement(value);
        });
  }

  private static String template(String name) {
    try (var in = DeployScript.class.getResourceAsStream("/templates/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the template " + name + " isn't in the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
