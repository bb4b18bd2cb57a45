package dev.backfill.github;

import java.util.List;
import java.util.Optional;

/// A check run as we want it.
///
/// @param name `backfill / plan`; what branch protection requires
/// @param state still at it, or over
/// @param externalId ours, to find the run again after a lost answer; a hash of what it says, so
///   that another text is another run
/// @param title one line
/// @param summary markdown, at most [GitHubLimits#CHECK_TEXT] characters
/// @param text markdown, the same limit; may be empty
/// @param detailsUrl where "Details" leads; GitHub's own page when empty
/// @param annotations any number
public record Check(
    String name,
    State state,
    String externalId,
    String title,
    String summary,
    String text,
    Optional<String> detailsUrl,
    List<Annotation> annotations) {
  public Check {
    annotations = List.copyOf(annotations);
  }

  /// Still at it, or over.
  public sealed interface State {}

  /// Work goes on.
  public record InProgress() implements State {}

  /// Work is over.
  public record Completed(Conclusion conclusion) implements State {}

  /// How it ended. Only `SUCCESS`, `NEUTRAL` and `SKIPPED` let a required check pass.
  public enum Conclusion {
    SUCCESS,
    FAILURE,
    NEUTRAL,
    CANCELLED,
    SKIPPED,
    TIMED_OUT,
    ACTION_REQUIRED,
    /// GitHub's own, for a run that nobody finished.
    STALE
  }
}
