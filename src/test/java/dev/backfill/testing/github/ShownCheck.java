package dev.backfill.testing.github;

import dev.backfill.github.Check;
import dev.backfill.revision.CommitId;
import java.util.List;
import java.util.Optional;

/// A check run as it is now.
///
/// @param conclusion empty while it goes on
/// @param annotations `path:line level message` each
public record ShownCheck(
    long id,
    String name,
    CommitId head,
    Optional<Check.Conclusion> conclusion,
    String title,
    String summary,
    List<String> annotations) {}
