package dev.backfill.emit;

import java.util.Optional;

/// A file as it should be.
///
/// @param path relative to the project, forward slashes, never outside it
/// @param text its content; empty Optional when the file should not exist
/// @param executable mode 100755 instead of 100644
/// @param generated ours (compared as a whole, hashed into the core) or the author's file that the
///   split touches
public record FileChange(
    String path, Optional<String> text, boolean executable, boolean generated) {
  public FileChange {
    if (path.isEmpty()
        || path.startsWith("/")
        || java.util.List.of(path.split("/", -1)).contains("..")) {
      throw new IllegalArgumentException("not a path inside the project: " + path);
    }
  }
}
