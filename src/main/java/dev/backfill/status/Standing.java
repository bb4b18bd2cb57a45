package dev.backfill.status;

import java.time.Instant;
import java.util.List;

/// How a target compares with its source in one reading, without waiting for rows that are under
/// way: equal counts and fingerprints are proof as of then, anything else is for `verify` to tell.
///
/// @param asOf when the reading began, by the server's clock
/// @param parts of the rows, by time
/// @param views forked views against their query
public record Standing(Instant asOf, List<Part> parts, List<View> views) {
  public Standing {
    parts = List.copyOf(parts);
    views = List.copyOf(views);
  }

  /// @param name `history` lies before T, `live` from T to a moment ago, `future` after that,
  ///   `null` without a timestamp; `all` is undivided
  /// @param expected rows of the source
  /// @param actual rows of the target
  /// @param missing rows of the source that the target lacks, at least
  /// @param surplus rows that partitions of the target have more, at least
  /// @param equal counts and fingerprints agree
  public record Part(
      String name, long expected, long actual, long missing, long surplus, boolean equal) {

    /// No row can be under way here, because the sync begins at T; or nothing tells what is.
    public boolean still() {
      return !name.equals("live") && !name.equals("future");
    }
  }

  /// @param name of the view's target
  public record View(String name, Agreement agreement) {
    public boolean equal() {
      return agreement == Agreement.EQUAL;
    }
  }

  /// What is known of a view.
  public enum Agreement {
    EQUAL,
    DIFFERENT,
    /// Where it differs from its query it is as the old view's target, which goes on counting rows
    /// that were deleted.
    AS_OLD,
    /// The plan doesn't say by what, or the view isn't there.
    NOT_COMPARED
  }

  /// Every part and view agrees.
  public boolean equal() {
    return rowsEqual() && viewsEqual();
  }

  /// The target lacks nothing, nor do its views, whatever else it holds.
  public boolean contained() {
    return rowsContained() && viewsEqual();
  }

  /// The target or a view of it is seen to lack something.
  public boolean lacking() {
    return !rowsContained()
        || views.stream()
            .anyMatch(v ->
                switch (v.agreement()) {
                  case DIFFERENT -> true;
                  case EQUAL, NOT_COMPARED, AS_OLD -> false;
                });
  }

  /// The same with views as they should be that are as the old ones: a person said so.
  Standing keepingDeleted() {
    return new Standing(
        asOf,
        parts,
        views.stream()
            .map(v -> v.agreement() == Agreement.AS_OLD ? new View(v.name(), Agreement.EQUAL) : v)
            .toList());
  }

  /// Every part agrees, whatever its views hold.
  public boolean rowsEqual() {
    return parts.stream().allMatch(Part::equal);
  }

  /// The target itself lacks nothing.
  public boolean rowsContained() {
    return parts.stream().allMatch(p -> p.equal() || p.missing() == 0);
  }

  private boolean viewsEqual() {
    return views.stream().allMatch(View::equal);
  }

  /// The parts below T agree.
  public boolean historyEqual() {
    return parts.stream().filter(Part::still).allMatch(Part::equal);
  }

  /// Rows below T that the target lacks, at least.
  public long missingBelow() {
    return parts.stream().filter(Part::still).mapToLong(Part::missing).sum();
  }

  /// Rows that the target lacks although nothing below a moment ago can be under way, at least.
  public long missingSettled() {
    return parts.stream().filter(p -> !p.name().equals("future")).mapToLong(Part::missing).sum();
  }

  public long surplusBelow() {
    return parts.stream().filter(Part::still).mapToLong(Part::surplus).sum();
  }

  public long expectedBelow() {
    return parts.stream().filter(Part::still).mapToLong(Part::expected).sum();
  }
}
