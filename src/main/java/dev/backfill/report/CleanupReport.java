package dev.backfill.report;

import dev.backfill.status.Next;
import dev.backfill.status.Status;
import dev.backfill.status.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;

/// What `cleanup` made.
///
/// @param next which change it is, and what is missing for it
/// @param status what was seen
/// @param written paths, relative to the project; empty when the work tree was that way already
/// @param removed which of them are no more
/// @param byHand what has to change and only a person can, one sentence each
/// @param lookAt what is changed and may need a person's eye, one sentence each
/// @param removedClaims claims and views of runs that were taken out of the workspace
public record CleanupReport(
    Next next,
    Status status,
    List<String> written,
    Set<String> removed,
    List<String> byHand,
    List<String> lookAt,
    List<String> removedClaims) {
  public CleanupReport {
    written = List.copyOf(written);
    removed = Set.copyOf(removed);
    byHand = List.copyOf(byHand);
    lookAt = List.copyOf(lookAt);
    removedClaims = List.copyOf(removedClaims);
  }

  private boolean allowed() {
    return next.missing().isEmpty();
  }

  private String headline() {
    if (!allowed()) {
      return "not yet: " + what();
    }
    if (next.change() == Next.Change.FINISHED) {
      return "nothing is left to clean up";
    }
    return written.isEmpty()
        ? "every file is as it should be: merge and deploy it to " + what()
        : what();
  }

  private String what() {
    return switch (next.change()) {
      case SWITCH_READERS -> "switch the readers to the new version";
      case REMOVE_FEEDS -> "remove the sync and backfill Pipes";
      case REMOVE_OLD -> "remove the old version";
      case ABANDON -> "take the migration back";
      case FINISHED -> "clean up";
    };
  }

  private String why() {
    return switch (next.change()) {
      case SWITCH_READERS ->
          movedFirst()
              ? "Every row of the old version is proven to be in the new one, which has rows of its"
                  + " producers besides: after a revert readers would miss those."
              : "Both versions are proven to hold the same rows; reverting this is safe as long as"
                  + " producers write to the old one.";
      case REMOVE_FEEDS ->
          "Readers have moved, and every row of the old version is proven to be in the new one. From"
              + " this deployment on nothing carries rows from the one to the other.";
      case REMOVE_OLD ->
          "Nothing reads or feeds the old version, and the new one is proven to hold its rows."
              + " After this deployment they are only there.";
      case ABANDON -> "Nobody reads or writes the new version. It goes with its rows.";
      case FINISHED -> "Nothing of the old version is left.";
    };
  }

  private String did(String path) {
    return removed.contains(path) ? "removed " : "changed ";
  }

  /// Producers moved before anything was copied.
  private boolean movedFirst() {
    return status.steps().stream()
        .map(Step::id)
        .filter(id -> id.equals("producers") || id.equals("run"))
        .findFirst()
        .filter("producers"::equals)
        .isPresent();
  }

  public String text(Style style) {
    var out = new StringBuilder();
    out.append(allowed() ? style.good(headline()) : style.bad(headline())).append('\n');
    next.missing()
        .forEach(m -> out.append("  - ").append(Escape.line(m.replace("`", ""))).append('\n'));
    written.forEach(p -> out.append("  ").append(did(p)).append(Escape.line(p)).append('\n'));
    byHand.forEach(b -> out.append("  by hand: ").append(Escape.line(b)).append('\n'));
    lookAt.forEach(l -> out.append("  note: ").append(Escape.line(l)).append('\n'));
    removedClaims.forEach(
        c -> out.append("  removed from the workspace ").append(Escape.line(c)).append('\n'));
    if (allowed()) {
      out.append(why()).append('\n');
    }
    if (!written.isEmpty()) {
      out.append("Look at them, commit them, open a pull request.\n");
    }
    return out.toString();
  }

  public String markdown() {
    var out = new StringBuilder("### Backfill: ").append(headline()).append("\n\n");
    next.missing().forEach(m -> out.append("- ").append(Escape.prose(m)).append('\n'));
    written.forEach(p -> out.append("- ").append(did(p)).append(Escape.code(p)).append('\n'));
    byHand.forEach(b -> out.append("- by hand: ").append(Escape.prose(b)).append('\n'));
    lookAt.forEach(l -> out.append("- note: ").append(Escape.prose(l)).append('\n'));
    removedClaims.forEach(
        c -> out.append("- removed from the workspace ").append(Escape.code(c)).append('\n'));
    if (allowed()) {
      out.append('\n').append(why()).append('\n');
    }
    return out.toString();
  }

  public String json() {
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", CoreJson.SCHEMA_VERSION);
    out.put("change", next.change().toString());
    out.put("allowed", allowed());
    out.put("missing", next.missing());
    out.put("written", written);
    out.put("removed", removed.stream().sorted().toList());
    out.put("byHand", byHand);
    out.put("lookAt", lookAt);
    out.put("removedClaims", removedClaims);
    out.put("status", StatusReport.tree(status));
    return Json.pretty(out);
  }
}
