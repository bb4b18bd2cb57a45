package dev.backfill.journey;

import dev.backfill.revision.Fetching;
import java.nio.file.Path;
import java.util.Optional;

/// Where a data project is, as somebody said it.
///
/// @param repository a folder in a git repository
/// @param projectDir the project's folder, relative to the repository's root; empty when it has to
///   be found
/// @param settings the settings file to use instead of the project's `backfill.yml`
/// @param fetching whether commits that the clone lacks may be fetched
public record Location(
    Path repository, Optional<String> projectDir, Optional<Path> settings, Fetching fetching) {

  /// The same in a clone that stays as it is.
  public Location(Path repository, Optional<String> projectDir, Optional<Path> settings) {
    this(repository, projectDir, settings, new Fetching.Never());
  }

  public Location with(Fetching other) {
    return new Location(repository, projectDir, settings, other);
  }
}
