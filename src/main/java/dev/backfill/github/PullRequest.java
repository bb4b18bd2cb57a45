package dev.backfill.github;

import dev.backfill.revision.CommitId;
import java.util.Optional;

/// A pull request as it is now. Title, branch names and login come from whoever opened it: hostile.
///
/// @param number as in its address
/// @param state open, merged, or closed without a merge
/// @param draft not yet to be reviewed
/// @param title its first line
/// @param author who opened it; `ghost` when the account is gone
/// @param head newest commit of its branch
/// @param headBranch without `refs/heads/`
/// @param headRepository where that branch lives; empty when that repository is gone
/// @param base commit of the base branch GitHub compares with
/// @param baseBranch without `refs/heads/`
/// @param fork whether the head lives in another repository (or a gone one): then our token may not
///   write there, and no secret is at hand
/// @param mergeCommit the commit that brought it in, once it is merged; before, a trial merge of
///   GitHub's own, if there is one
/// @param url its page
public record PullRequest(
    int number,
    State state,
    boolean draft,
    String title,
    String author,
    CommitId head,
    String headBranch,
    Optional<RepositoryName> headRepository,
    CommitId base,
    String baseBranch,
    boolean fork,
    Optional<CommitId> mergeCommit,
    String url) {

  /// Where its life has come to.
  public enum State {
    OPEN,
    MERGED,
    CLOSED
  }

  public boolean merged() {
    return state == State.MERGED;
  }
}
