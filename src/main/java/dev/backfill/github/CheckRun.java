package dev.backfill.github;

import dev.backfill.revision.CommitId;
import java.util.Optional;

/// A check run as GitHub has it.
///
/// @param id GitHub's; a later run has a higher one
/// @param name `backfill / plan`
/// @param head the commit it is about
/// @param app slug of the app that made it: `github-actions` for a workflow's own token
/// @param conclusion empty while it isn't completed
/// @param externalId what its maker calls it; may be empty
/// @param annotations how many it has
/// @param url its page; may be empty
public record CheckRun(
    long id,
    String name,
    CommitId head,
    String app,
    Optional<Check.Conclusion> conclusion,
    String externalId,
    int annotations,
    String url) {}
