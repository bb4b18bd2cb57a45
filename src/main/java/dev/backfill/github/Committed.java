package dev.backfill.github;

import dev.backfill.revision.CommitId;
import java.util.List;

/// What came of a commit.
public sealed interface Committed {

  /// It is on the branch.
  ///
  /// @param parent the head before: another than expected when the branch had moved
  record Made(CommitId commit, CommitId parent) implements Committed {}

  /// The branch already has these files just so.
  record Nothing(CommitId head) implements Committed {}

  /// The branch has moved, and nothing was committed: start over on its new head.
  ///
  /// @param changed paths among ours that were changed there; empty when it kept moving
  record Moved(CommitId head, List<String> changed) implements Committed {
    public Moved {
      changed = List.copyOf(changed);
    }
  }
}
