package dev.backfill.status;

import java.util.Locale;

/// What no workspace shows, so that a person has to say it by name.
public enum Confirmation {
  /// Some producers write to the new version already, so rows that only it has are theirs.
  PRODUCERS_MOVING,
  /// Every producer, also those that send once a month or after an error, writes to the new version
  /// and none to both.
  PRODUCERS_MOVED,
  /// Deletions and other changes of the source were repeated on the new version, or aren't wanted
  /// there.
  CHANGES_REPEATED,
  /// Targets of views may go on counting rows that were deleted from what the views hang from, as
  /// the old ones do.
  VIEWS_KEEP_DELETED,
  /// Rows of buckets before the cutover that producers sent to the new version themselves were
  /// added to the targets of its views, or aren't wanted there.
  OLDER_BUCKETS_DONE,
  /// Nothing outside of the project reads the old version: BI tools, the SQL API, exports, other
  /// workspaces it is shared with.
  NO_OTHER_READERS;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// What is vouched for, as a question.
  public String question() {
    return switch (this) {
      case PRODUCERS_MOVING -> "do producers write to the new version already";
      case PRODUCERS_MOVED ->
          "does every producer, rare and retrying ones too, write to the new version only";
      case CHANGES_REPEATED ->
          "was every deletion and change of the source repeated on the new version, or isn't it"
              + " wanted there";
      case VIEWS_KEEP_DELETED ->
          "may the views' new targets go on counting rows that were deleted since, as the old ones"
              + " do";
      case OLDER_BUCKETS_DONE ->
          "were rows of buckets before the cutover, sent to the new version by their producers,"
              + " added to the targets of its views, or aren't they wanted there";
      case NO_OTHER_READERS ->
          "does nothing outside this project read the old version: BI tools, the SQL API, exports,"
              + " workspaces it is shared with";
    };
  }
}
