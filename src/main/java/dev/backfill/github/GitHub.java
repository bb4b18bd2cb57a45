package dev.backfill.github;

import dev.backfill.revision.CommitId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One repository on GitHub, seen through one token.
///
/// Lists are whole: every page was read. Reads and repeatable writes are tried again by the
/// implementation when GitHub asks for patience; any method may throw
/// `dev.backfill.failure.Failure.Remote`. A write the token may not do is an answer of its own,
/// [Attempt.Denied], so that nobody takes it for done. A write with an unknown end is looked after
/// before it is tried again, where that is said; elsewhere it throws kind LOST.
public interface GitHub {

  RepositoryName name();

  Repository repository();

  /// @throws dev.backfill.failure.Failure.Remote NOT_FOUND when there is none, or the token doesn't
  ///   see it
  PullRequest pullRequest(int number);

  /// Oldest first.
  List<PullRequest> openPullRequests();

  /// Those a commit came in with: for a merge commit, squash or rebase on the main line the merged
  /// one; for the head of a branch the open ones too.
  List<PullRequest> pullRequestsWith(CommitId commit);

  /// Opens one, or gives the open one of the same head and base. Looked after.
  Attempt<PullRequest> openPullRequest(NewPullRequest wanted);

  /// All comments of a pull request's conversation (not those on lines), oldest first.
  List<Comment> comments(int pullRequest);

  /// Adds one. Not looked after (LOST is thrown): only its writer can tell it from another. See
  /// [OwnComment].
  ///
  /// @param body at most [GitHubLimits#COMMENT] characters
  Attempt<Comment> createComment(int pullRequest, String body);

  /// @return empty when the comment is gone
  Attempt<Optional<Comment>> updateComment(long id, String body);

  /// @return false when it was gone already
  Attempt<Boolean> deleteComment(long id);

  /// Adds a reaction of ours to a comment of a conversation.
  ///
  /// @return false when we had reacted like that before
  Attempt<Boolean> react(long comment, Reaction reaction);

  /// What a user may do here; `NONE` for somebody unknown.
  ///
  /// @throws dev.backfill.failure.Failure.Remote FORBIDDEN when the token may not ask: then nobody
  ///   has a permission we know of
  Permission permission(String login);

  /// The newest run of each name per app, of any app, on one commit; newest first.
  List<CheckRun> checkRuns(CommitId head);

  /// Adds a check run with all its annotations. It is completed only when the last annotation is
  /// there. Looked after: the newest run of the same name and [Check#externalId()] on this head is
  /// taken for ours.
  Attempt<CheckRun> createCheck(CommitId head, Check check);

  /// Goes on with a run of ours: annotations are added to those it has.
  Attempt<CheckRun> updateCheck(CheckRun run, Check check);

  /// Head of a branch; empty when there is no such branch.
  Optional<CommitId> branch(String name);

  /// Makes a branch. Looked after.
  ///
  /// @return where the branch is: elsewhere than asked for when it existed
  Attempt<CommitId> createBranch(String name, CommitId at);

  /// One commit on a branch, with the mode of every file, never by force. When the branch has moved
  /// from the expected head it is tried once more on the new one, unless one of the files to edit
  /// was changed there. Looked after.
  Attempt<Committed> commit(NewCommit wanted);

  /// Text of a file at a commit (invalid UTF-8 replaced); empty when there is none, or it isn't a
  /// plain file.
  Optional<String> file(CommitId at, String path);

  /// Where two lines of history parted; empty when they have no common commit.
  Optional<CommitId> mergeBase(CommitId one, CommitId other);

  /// Starts a workflow by its `workflow_dispatch` trigger. Looked after by its runs.
  ///
  /// @param workflow its file name, like `ci.yml`
  /// @param branch whose version of the workflow runs
  /// @return false when there is no such workflow there or it has no such trigger
  Attempt<Boolean> dispatch(String workflow, String branch, Map<String, String> inputs);

  /// Runs of a workflow that are not completed, newest first; none when there is no such workflow.
  List<WorkflowRun> unfinishedRuns(String workflow);

  /// Asks a run of a workflow to end.
  ///
  /// @return false when it was over already, or there is none
  Attempt<Boolean> cancel(long run);
}
