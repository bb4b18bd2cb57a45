package dev.backfill.github;

import dev.backfill.revision.CommitId;
import java.util.HashSet;
import java.util.List;

/// A commit to make. Author and time are GitHub's to set: it signs for the token.
///
/// @param branch without `refs/heads/`
/// @param expectedHead the commit the edits were made for
/// @param message first line, and more after an empty one
/// @param edits one per path
public record NewCommit(
    String branch, CommitId expectedHead, String message, List<FileEdit> edits) {
  public NewCommit {
    edits = List.copyOf(edits);
    var paths = new HashSet<String>();
    for (var edit : edits) {
      if (!paths.add(edit.path())) {
        throw new IllegalArgumentException("edited twice: " + edit.path());
      }
    }
  }
}
