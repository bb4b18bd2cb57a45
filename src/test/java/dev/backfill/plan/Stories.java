package dev.backfill.plan;

import dev.backfill.change.Change;
import dev.backfill.change.JudgedChange;
import dev.backfill.change.ProjectDiff;
import dev.backfill.config.Settings;
import dev.backfill.config.SettingsReader;
import dev.backfill.problem.Problem;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// The story folders: a project before and after, and what a person expects of the difference.
final class Stories {
  static final Path ROOT = Path.of("src/test/resources/cases");

  private Stories() {}

  /// One folder.
  ///
  /// @param about one sentence, the first line of `expect.txt` behind `# `
  /// @param changes what differs, as types
  record Story(
      String id, String about, Project before, Project after, List<Change> changes, Plan plan) {}

  static List<String> ids() {
    try (var folders = Files.list(ROOT)) {
      return folders
          .filter(Files::isDirectory)
          .map(f -> f.getFileName().toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Story read(String id) {
    var before = files(id, "before");
    var after = files(id, "after");
    var settings = SettingsReader.read("backfill.yml", after.getOrDefault("backfill.yml", ""));
    if (!settings.problems().isEmpty()) {
      throw new AssertionError(id + ": " + settings.problems());
    }
    var base = ProjectReader.read(before);
    var head = ProjectReader.read(after);
    var renames = renames(before, after);
    return new Story(
        id,
        expected(id).lines().findFirst().orElse("").replaceFirst("^# ", ""),
        base,
        head,
        ProjectDiff.of(base, head, renames),
        plan(base, head, renames, settings.settings()));
  }

  static Plan plan(Project base, Project head, Map<String, String> renames, Settings settings) {
    return Planner.plan(
        new PlanRequest(
            base,
            head,
            renames,
            settings,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Set.of(),
            Optional.empty(),
            Set.of()));
  }

  /// What the program says about a story, as `expect.txt` holds it.
  static String said(Story story) {
    var plan = story.plan();
    var out = new ArrayList<String>();
    out.add("# " + story.about());
    out.add("verdict " + plan.verdict());
    for (var m : plan.core().migrations()) {
      out.add(
          "versioned %s as %s (%s): %s, history by %s"
              .formatted(m.source(), m.target(), m.cause(), m.scenario(), m.historyFeed().kind()));
    }
    plan.changes().stream().map(Stories::line).sorted().forEach(out::add);
    codes(plan.warnings()).forEach(c -> out.add("warning " + c.strip()));
    codes(plan.obstacles()).forEach(c -> out.add("obstacle " + c.strip()));
    return String.join("\n", out) + "\n";
  }

  private static String line(JudgedChange c) {
    return "change %s:%d %s %s %s%s"
        .formatted(
            c.file(),
            c.line(),
            c.resource(),
            c.kind(),
            c.impact(),
            c.destructive() ? " destructive" : "");
  }

  private static Set<String> codes(List<Problem> problems) {
    var out = new TreeSet<String>();
    problems.forEach(p -> out.add(p.code() + " " + p.place()));
    return out;
  }

  static String expected(String id) {
    try {
      return Files.readString(ROOT.resolve(id).resolve("expect.txt"), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void write(Path file, String text) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, text, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static boolean rewriting() {
    return "write".equals(System.getProperty("golden"));
  }

  /// Git calls a file renamed when its text is gone here and there again; alike is enough for git,
  /// equal for a story.
  private static Map<String, String> renames(
      SortedMap<String, String> before, SortedMap<String, String> after) {
    var out = new TreeMap<String, String>();
    before.forEach((from, text) -> {
      if (!after.containsKey(from)) {
        after.forEach((to, now) -> {
          if (!before.containsKey(to) && now.equals(text)) {
            out.putIfAbsent(from, to);
          }
        });
      }
    });
    return out;
  }

  /// The files of one side; none when the folder isn't there, for git keeps no empty ones.
  static SortedMap<String, String> files(String id, String side) {
    var folder = ROOT.resolve(id).resolve(side);
    var out = new TreeMap<String, String>();
    if (!Files.isDirectory(folder)) {
      return out;
    }
    try (var files = Files.walk(folder)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        out.put(
            folder.relativize(file).toString().replace('\\', '/'),
            Files.readString(file, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out;
  }
}
