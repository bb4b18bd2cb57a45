package dev.backfill.cli;

import dev.backfill.failure.Failure;
import dev.backfill.status.Confirmation;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Option;

/// What a person says that no workspace shows.
final class Confirmations {
  @Option(
      names = "--confirm",
      paramLabel = "NAME",
      description = {
        "Vouch for what the workspace can't show; may be given several times. producers_moving:"
            + " some producers write to the new version already, so rows that only it has are"
            + " theirs. producers_moved: every producer writes to it, none to both. changes_repeated: deletions"
            + " and other changes of the source were repeated on the new version."
            + " views_keep_deleted: targets of views may go on counting rows that were deleted since,"
            + " as the old ones do."
            + " older_buckets_done: rows of buckets before the cutover that producers sent to the"
            + " new version were added to its views' targets, or aren't wanted. no_other_readers:"
            + " no BI tool, SQL query, export or other workspace reads the old version."
      })
  private List<String> confirmed = List.of();

  Set<String> names() {
    var known = Arrays.stream(Confirmation.values()).map(Confirmation::toString).toList();
    var out = new TreeSet<String>();
    for (var name : confirmed) {
      if (!known.contains(name)) {
        throw new Failure.Usage(
            "--confirm "
                + name
                + " is nothing to vouch for; there is "
                + String.join(", ", known)
                + ".");
      }
      out.add(name);
    }
    return out;
  }

  /// Rows that only a new version has are its producers' own.
  boolean directWrites() {
    return says(Confirmation.PRODUCERS_MOVING) || says(Confirmation.PRODUCERS_MOVED);
  }

  boolean says(Confirmation what) {
    return names().contains(what.toString());
  }
}
