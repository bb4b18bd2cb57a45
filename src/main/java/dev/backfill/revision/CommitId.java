package dev.backfill.revision;

/// A git commit.
///
/// @param hex 40 lower-case hex digits
public record CommitId(String hex) {
  public CommitId {
    if (!hex.matches("[0-9a-f]{40}")) {
      throw new IllegalArgumentException("not a commit id: " + hex);
    }
  }

  public String abbreviated() {
    return hex.substring(0, 10);
  }
}
