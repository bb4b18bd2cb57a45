package dev.backfill.github;

import dev.backfill.revision.CommitId;

/// A run of a workflow.
///
/// @param id GitHub's; a later run has a higher one
/// @param event what started it: `pull_request`, `workflow_dispatch`, ...
/// @param branch whose head it runs on
/// @param head that commit
/// @param url its page
public record WorkflowRun(long id, String event, String branch, CommitId head, String url) {}
