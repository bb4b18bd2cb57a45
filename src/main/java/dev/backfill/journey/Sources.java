package dev.backfill.journey;

import dev.backfill.config.Settings;
import dev.backfill.config.SettingsReader;
import dev.backfill.failure.Failure;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Project;
import dev.backfill.revision.CommitId;
import dev.backfill.revision.Revisions;
import dev.backfill.revision.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What every journey through a repository begins with.
final class Sources {
  static final String SETTINGS_FILE = "backfill.yml";

  private Sources() {}

  /// The project folders a command speaks of.
  ///
  /// @throws Failure.Usage when there is none
  static List<String> projectDirs(
      Revisions revisions, Location where, List<Optional<CommitId>> commits) {
    var found =
        commits.stream()
            .flatMap(c -> revisions.projectDirs(c).stream())
            .distinct()
            .sorted()
            .toList();
    if (where.projectDir().isPresent()) {
      var asked = normal(where.projectDir().get());
      if (found.contains(asked)) {
        return List.of(asked);
      }
      throw new Failure.Usage(
          "no data project in "
              + asked
              + " of "
              + revisions.root()
              + (found.isEmpty() ? "." : "; there is one in " + String.join(", ", found) + "."));
    }
    if (found.isEmpty()) {
      throw new Failure.Usage(
          "no data project in "
              + revisions.root()
              + ": no .datasource or .pipe file was found. Give its folder with --project-dir.");
    }
    return found;
  }

  /// The one project folder a command speaks of.
  static String projectDir(Revisions revisions, Location where, List<Optional<CommitId>> commits) {
    var found = projectDirs(revisions, where, commits);
    if (found.size() > 1) {
      throw new Failure.Usage(
          "there are several data projects: "
              + String.join(", ", found)
              + ". Say which one with --project-dir.");
    }
    return found.getFirst();
  }

  private static String normal(String projectDir) {
    var path = Path.of(projectDir).normalize().toString().replace('\\', '/');
    if (path.startsWith("/") || path.equals("..") || path.startsWith("../")) {
      throw new Failure.Usage("--project-dir is relative to the repository and inside it: " + path);
    }
    return path.isEmpty() ? "." : path;
  }

  static Snapshot snapshot(Revisions revisions, Optional<CommitId> commit, String projectDir) {
    return commit
        .map(c -> revisions.at(c, projectDir))
        .orElseGet(() -> revisions.worktree(projectDir));
  }

  /// Mistakes in the settings are configuration, not an unreadable project.
  static void stopOnWrongSettings(List<Problem> problems) {
    if (!problems.isEmpty()) {
      throw new Failure.Usage(String.join("; ", problems.stream().map(Problem::toString).toList()));
    }
  }

  static SettingsReader.Read settings(Location where, Snapshot head) {
    if (where.settings().isPresent()) {
      var file = where.settings().get();
      try {
        return SettingsReader.read(file.toString(), Files.readString(file));
      } catch (IOException e) {
        throw new Failure.Usage("--config " + file + " can't be read: " + e.getMessage());
      }
    }
    var text = head.files().get(SETTINGS_FILE);
    return text == null
        ? new SettingsReader.Read(Settings.DEFAULTS, List.of())
        : SettingsReader.read(SETTINGS_FILE, text);
  }

  /// Everything that is wrong, errors and the rest.
  static List<Problem> problems(Snapshot snapshot, Project project) {
    return Stream.concat(snapshot.problems().stream(), project.problems().stream()).toList();
  }

  /// @throws Failure.Unreadable when there is an error among them
  static void stopOnErrors(List<Problem> problems) {
    var errors = problems.stream().filter(p -> p.severity() == Severity.ERROR).toList();
    if (!errors.isEmpty()) {
      throw new Failure.Unreadable(errors);
    }
  }
}
