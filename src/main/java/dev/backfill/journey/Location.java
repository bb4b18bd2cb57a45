package dev.backfill.journey;

import java.nio.file.Path;
import java.util.Optional;

/// Where a data project is, as somebody said it.
///
/// @param repository a folder in a git repository
/// @param projectDir the project's folder, relative to the repository's root; empty when it has to
///   be found
/// @param settings the settings file to use instead of the project's `backfill.yml`
public record Location(Path repository, Optional<String> projectDir, Optional<Path> settings) {}
