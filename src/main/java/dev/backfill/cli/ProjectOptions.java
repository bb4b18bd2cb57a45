package dev.backfill.cli;

import dev.backfill.journey.Location;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Which data project.
final class ProjectOptions {
  @Option(
      names = "--repo",
      paramLabel = "DIR",
      description = "A folder in the git repository (default: the current one).")
  private String repo = ".";

  @Option(
      names = "--project-dir",
      paramLabel = "DIR",
      description = "The data project's folder, relative to the repository (default: found).")
  private Optional<String> projectDir = Optional.empty();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Settings to use instead of the project's backfill.yml.")
  private Optional<String> config = Optional.empty();

  Path repo(Console console) {
    return console.folder().resolve(repo);
  }

  Optional<String> projectDir() {
    return projectDir;
  }

  Location location(Console console) {
    return new Location(repo(console), projectDir, config.map(console.folder()::resolve));
  }
}
