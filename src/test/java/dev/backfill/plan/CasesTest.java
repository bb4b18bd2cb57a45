package dev.backfill.plan;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backfill.change.Verdict;
import dev.backfill.config.Settings;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Real changes of a public repository, judged by people. They aren't part of a checkout: give the
/// folder that the materialising script made with `-Dcases=DIR`.
class CasesTest {
  @Test
  void realChangesGetTheVerdictThatPeopleGaveThem() throws IOException {
    var folder = System.getProperty("cases", "");
    if (folder.isEmpty()) {
      System.err.println("CasesTest SKIPPED: give -Dcases=DIR with cases.tsv to run it");
    }
    Assumptions.assumeFalse(folder.isEmpty(), "no -Dcases=DIR");
    var failures = new ArrayList<String>();
    var count = 0;
    for (var line : Files.readAllLines(Path.of(folder, "cases.tsv")).stream().skip(1).toList()) {
      var f = line.split("\t", -1);
      count++;
      outcome(Path.of(folder), f).ifPresent(failures::add);
    }
    System.err.printf("%d of %d cases agree%n", count - failures.size(), count);
    failures.forEach(System.err::println);
    assertTrue(failures.isEmpty(), () -> String.join("\n", failures));
  }

  private static Optional<String> outcome(Path folder, String[] f) {
    var repo = folder.resolve(f[0]);
    var prefix = f[7].equals(".") ? "" : f[7] + "/";
    Plan plan;
    try {
      var base = project(repo, "base", prefix);
      var head = project(repo, "head", prefix);
      plan =
          Planner.plan(
              new PlanRequest(
                  base,
                  head,
                  renames(repo, prefix),
                  Settings.DEFAULTS,
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty(),
                  Set.of(),
                  Optional.empty(),
                  deployVersions(repo, prefix)));
    } catch (RuntimeException e) {
      return Optional.of(f[0] + ": " + e);
    }
    var versioned =
        plan.core().migrations().stream()
            .map(m -> (m.cause() == Cause.CASCADE ? "+" : "") + m.source())
            .collect(Collectors.toCollection(TreeSet::new));
    var expected = new TreeSet<>(Arrays.asList(f[4].split(",")));
    var right =
        plan.verdict().toString().equals(f[3])
            && (plan.verdict() != Verdict.VERSION || versioned.equals(expected));
    if (System.getProperty("verbose") != null) {
      System.err.println("== " + f[0] + " " + plan.verdict() + " " + versioned);
      plan.changes().forEach(c -> System.err.println("   " + c));
      plan.core().migrations().forEach(m -> System.err.println("   " + m));
      plan.warnings().forEach(w -> System.err.println("   " + w));
      plan.obstacles().forEach(w -> System.err.println("   " + w));
    }
    return right
        ? Optional.empty()
        : Optional.of(
            "%s: expected %s %s, got %s %s%n%s"
                .formatted(
                    f[0],
                    f[3],
                    expected,
                    plan.verdict(),
                    versioned,
                    plan.changes().stream()
                        .map(c ->
                            "    "
                                + c.impact()
                                + " "
                                + c.resource()
                                + " "
                                + c.kind()
                                + ": "
                                + c.reason())
                        .collect(Collectors.joining("\n"))));
  }

  private static Project project(Path repo, String revision, String prefix) {
    SortedMap<String, String> files = new TreeMap<>();
    for (var path : git(repo, "ls-tree", "-r", "-z", "--name-only", revision).split("\0")) {
      if (path.startsWith(prefix)
          && (path.endsWith(".datasource")
              || path.endsWith(".pipe")
              || path.endsWith(".incl")
              || path.equals(prefix + ".tinyenv"))
          && mine(path.substring(prefix.length()), prefix)) {
        files.put(path.substring(prefix.length()), git(repo, "show", revision + ":" + path));
      }
    }
    return ProjectReader.read(files);
  }

  // The repository holds many projects; the root one has its files in the usual folders.
  private static boolean mine(String path, String prefix) {
    return !prefix.isEmpty()
        || path.indexOf('/') < 0
        || Set.of("datasources", "pipes", "endpoints", "includes", "vendor")
            .contains(path.substring(0, path.indexOf('/')));
  }

  private static Map<String, String> renames(Path repo, String prefix) {
    var out = new HashMap<String, String>();
    git(repo, "diff", "-M", "--diff-filter=R", "--name-status", "base", "head")
        .lines()
        .map(l -> l.split("\t"))
        .filter(p -> p.length == 3 && p[1].startsWith(prefix) && p[2].startsWith(prefix))
        .filter(p -> mine(p[1].substring(prefix.length()), prefix))
        .forEach(p -> out.put(p[1].substring(prefix.length()), p[2].substring(prefix.length())));
    return out;
  }

  private static Set<String> deployVersions(Path repo, String prefix) {
    var out = new HashSet<String>();
    for (var revision : List.of("base", "head")) {
      for (var path : git(repo, "ls-tree", "-r", "-z", "--name-only", revision).split("\0")) {
        if (path.startsWith(prefix + "deploy/")) {
          out.add(path.substring((prefix + "deploy/").length()).replaceAll("/.*", ""));
        }
      }
    }
    return out;
  }

  private static String git(Path repo, String... arguments) {
    var command = new ArrayList<String>(List.of("git", "-C", repo.toString()));
    command.addAll(List.of(arguments));
    try {
      var process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
