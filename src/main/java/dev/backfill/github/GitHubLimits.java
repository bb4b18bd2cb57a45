package dev.backfill.github;

/// How much GitHub takes. Characters are Unicode code points. Sources: GitHub's OpenAPI description
/// (annotations, check texts) and its documents of the runner; the comment's limit was measured by
/// others (65,536 code points, 262,144 bytes).
public final class GitHubLimits {
  /// Characters of a comment or a pull request's body.
  public static final int COMMENT = 65_536;

  /// Characters of a pull request's title.
  public static final int TITLE = 256;

  /// Characters of a check run's summary, and of its text.
  public static final int CHECK_TEXT = 65_535;

  /// Annotations in one request; any number of requests may follow.
  public static final int ANNOTATIONS_AT_ONCE = 50;

  /// Bytes of one annotation's message.
  public static final int ANNOTATION_MESSAGE = 64 * 1024;

  /// Characters of one annotation's title.
  public static final int ANNOTATION_TITLE = 255;

  /// Bytes of what one step writes to `GITHUB_STEP_SUMMARY`; a larger one is not shown at all.
  public static final int STEP_SUMMARY = 1024 * 1024;

  /// `::error` and `::warning` lines shown per step, each; the rest is dropped without a word.
  public static final int WORKFLOW_COMMAND_ANNOTATIONS = 10;

  /// Comments, checks, commits and the like per minute (500 an hour) before GitHub answers with its
  /// secondary limit; each further batch of annotations is one of them.
  public static final int WRITES_PER_MINUTE = 80;

  /// Comments, runs, ... on one page.
  public static final int PAGE = 100;

  private GitHubLimits() {}
}
