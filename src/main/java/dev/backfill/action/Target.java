package dev.backfill.action;

import dev.backfill.github.PullRequest;
import dev.backfill.revision.CommitId;

/// The pull request this run is about, as the event or GitHub had it.
///
/// @param tip newest commit of the base branch
/// @param branch its head's branch, hostile
/// @param fork its head lives elsewhere: nothing is written there, and it is only planned
record Target(int number, CommitId tip, CommitId head, String branch, boolean fork) {

  static Target of(Event.PullRequest event) {
    return new Target(event.number(), event.base(), event.head(), event.headBranch(), event.fork());
  }

  static Target of(PullRequest pullRequest) {
    return new Target(
        pullRequest.number(),
        pullRequest.base(),
        pullRequest.head(),
        pullRequest.headBranch(),
        pullRequest.fork());
  }
}
