package dev.backfill.action;

import dev.backfill.revision.CommitId;
import java.util.Optional;

/// Why the workflow runs. Names, titles and texts in it come from whoever caused it: hostile.
public sealed interface Event {

  /// Something happened to a pull request.
  ///
  /// @param action `opened`, `synchronize`, `closed`, ...
  /// @param fork its head lives in another repository
  /// @param headBranch without `refs/heads/`
  record PullRequest(
      String action,
      int number,
      CommitId base,
      CommitId head,
      String headBranch,
      boolean fork,
      boolean merged)
      implements Event {}

  /// A merge queue wants to know about a group.
  ///
  /// @param pullRequest the one whose turn it is, from the name of the queue's branch
  record MergeGroup(CommitId base, CommitId head, Optional<Integer> pullRequest) implements Event {}

  /// Commits came to a branch.
  ///
  /// @param branch without `refs/heads/`; empty for a tag
  record Push(
      Optional<String> branch,
      String defaultBranch,
      Optional<CommitId> before,
      Optional<CommitId> after)
      implements Event {}

  /// Somebody wrote under a pull request (or an issue).
  ///
  /// @param action `created`, `edited` or `deleted`
  /// @param onPullRequest else on an issue
  record Comment(
      String action,
      int number,
      boolean onPullRequest,
      long comment,
      String author,
      boolean bot,
      String body)
      implements Event {}

  /// Another workflow is over, or was asked for.
  ///
  /// @param head the commit it ran on
  /// @param sameRepository its head lives in this repository
  record WorkflowRun(String action, String cause, CommitId head, boolean sameRepository)
      implements Event {}

  /// The clock.
  record Schedule() implements Event {}

  /// Somebody pressed the button.
  record Dispatch() implements Event {}

  /// Anything else.
  record Other(String name) implements Event {}
}
