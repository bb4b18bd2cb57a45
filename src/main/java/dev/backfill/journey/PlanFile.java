package dev.backfill.journey;

import dev.backfill.config.Settings;
import dev.backfill.config.SettingsReader;
import dev.backfill.failure.Failure;
import dev.backfill.plan.PlanCore;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Tinyenv;
import dev.backfill.report.CoreJson;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.jgit.JGitRevisions;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// A committed `plan.json` as a file; no git is needed for it.
public final class PlanFile {
  private static final Pattern PLAN = Pattern.compile("(?:(.+)/)?deploy/[^/]+/plan\\.json");

  private PlanFile() {}

  /// `deploy/<VERSION of .tinyenv>/plan.json` of a project.
  ///
  /// @param project the project's folder
  /// @throws Failure.Usage when `.tinyenv` doesn't say a version
  public static Path of(Path project) {
    var tinyenv = project.resolve(".tinyenv").normalize();
    String text;
    try {
      text = Files.exists(tinyenv) ? Files.readString(tinyenv) : "";
    } catch (IOException e) {
      throw new Failure.Machine("can't read " + tinyenv, e);
    }
    var version = Tinyenv.parse(text).getOrDefault("VERSION", "");
    if (!version.matches("[0-9A-Za-z][0-9A-Za-z._-]*")) {
      throw new Failure.Usage(
          "no VERSION in "
              + tinyenv
              + " says which plan is meant. Name it with --plan, or the project's folder with"
              + " --repo and --project-dir.");
    }
    return project.resolve("deploy").resolve(version).resolve("plan.json");
  }

  /// @throws Failure.Usage when there is no such file
  /// @throws Failure.Refused when there was one: its migration is over
  /// @throws Failure.Unreadable when it isn't a plan
  public static PlanCore read(Path file) {
    var found = find(file);
    if (found.removed().isPresent()) {
      throw new Failure.Refused(
          found.removed().get()
              + ": its migration is over, or was taken back. backfill status says what is left of"
              + " it.");
    }
    return found.core();
  }

  /// A plan, also one that a clean-up has removed.
  ///
  /// @param removed what became of the file, one clause; empty when it is there
  public record Found(PlanCore core, Optional<String> removed) {}

  /// The plan; when its file is gone, as the repository's history holds it.
  ///
  /// @throws Failure.Usage when there is no such file and there was none
  /// @throws Failure.Unreadable when it isn't a plan
  public static Found find(Path file) {
    try {
      return new Found(CoreJson.read(Files.readString(file)), Optional.empty());
    } catch (NoSuchFileException e) {
      var removed = removed(file);
      if (removed.isPresent()) {
        return removed.get();
      }
      var others = others(file);
      throw new Failure.Usage(
          "there is no plan at "
              + file
              + ". Name it with --plan"
              + (others.isEmpty() ? "" : " (there is " + String.join(", ", others) + ")")
              + ", or run backfill generate first.");
    } catch (CharacterCodingException e) {
      throw unreadable(file, 0, "it isn't UTF-8 text");
    } catch (IOException e) {
      throw new Failure.Machine("can't read " + file, e);
    } catch (CoreJson.Malformed e) {
      throw unreadable(file, e.line(), String.valueOf(e.getMessage()));
    }
  }

  /// Plans beside the one that was looked for.
  private static List<String> others(Path file) {
    var deploy = file.toAbsolutePath().normalize().resolve("../..").normalize();
    if (!Files.isDirectory(deploy)) {
      return List.of();
    }
    try (var versions = Files.list(deploy)) {
      return versions
          .map(v -> v.resolve("plan.json"))
          .filter(Files::isRegularFile)
          .map(Path::toString)
          .sorted()
          .limit(5)
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static Optional<Found> removed(Path file) {
    var absolute = file.toAbsolutePath().normalize();
    var there = absolute.getParent();
    while (there != null && !Files.isDirectory(there)) {
      there = there.getParent();
    }
    if (there == null) {
      return Optional.empty();
    }
    try (var revisions = JGitRevisions.open(there)) {
      var path =
          revisions
              .root()
              .toRealPath()
              .relativize(there.toRealPath().resolve(there.relativize(absolute)))
              .toString()
              .replace('\\', '/');
      var head = revisions.resolve("HEAD");
      var committed = at(revisions, head, path);
      if (committed.isPresent()) {
        return committed.map(core ->
            new Found(
                core, Optional.of(file + " is removed in the work tree, which isn't committed")));
      }
      return revisions
          .lastChange(head, path)
          .flatMap(by ->
              at(revisions, revisions.resolve(by.hex() + "~1"), path)
                  .map(core ->
                      new Found(
                          core,
                          Optional.of(
                              "%s was removed by commit %s".formatted(file, by.abbreviated())))));
    } catch (Failure.Usage | CoreJson.Malformed | IOException e) {
      // No repository, or none that holds a plan there.
      return Optional.empty();
    }
  }

  private static Optional<PlanCore> at(JGitRevisions revisions, CommitId commit, String path) {
    var plan = PLAN.matcher(path);
    if (!plan.matches()) {
      return Optional.empty();
    }
    var project = plan.group(1);
    return Optional.ofNullable(
            revisions
                .at(commit, project == null ? "." : project)
                .files()
                .get(path.substring(project == null ? 0 : project.length() + 1)))
        .map(CoreJson::read);
  }

  /// `quiet` of the `backfill.yml` that lies beside the `deploy` folder the plan is in, or the
  /// default.
  public static Duration quiet(Path plan) {
    return settings(plan).quiet();
  }

  /// What the `backfill.yml` there says.
  static Settings settings(Path plan) {
    var file = project(plan).resolve(Sources.SETTINGS_FILE);
    if (!Files.isRegularFile(file)) {
      return Settings.DEFAULTS;
    }
    try {
      var read = SettingsReader.read(file.toString(), Files.readString(file));
      Sources.stopOnWrongSettings(read.problems());
      return read.settings();
    } catch (IOException e) {
      throw new Failure.Machine("can't read " + file, e);
    }
  }

  /// The folder whose `deploy` folder holds a plan.
  static Path project(Path plan) {
    return plan.toAbsolutePath().normalize().resolve("../../../").normalize();
  }

  private static Failure.Unreadable unreadable(Path file, int line, String what) {
    return new Failure.Unreadable(
        List.of(
            Problem.error(
                "plan_unreadable",
                Place.of(file.toString(), line),
                what + ".",
                "Take it back as `backfill generate` wrote it.")));
  }
}
