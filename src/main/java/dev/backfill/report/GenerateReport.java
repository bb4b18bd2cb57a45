package dev.backfill.report;

import java.util.LinkedHashMap;
import java.util.List;

/// What `generate` did.
///
/// @param plan whose files they are
/// @param checked nothing was to be written
/// @param written paths, relative to the project
/// @param unfinished when checked: missing or stale paths
/// @param edited generated files that a person has changed; nothing was written then
public record GenerateReport(
    PlanReport plan,
    boolean checked,
    List<String> written,
    List<String> unfinished,
    List<String> edited) {
  public GenerateReport {
    written = List.copyOf(written);
    unfinished = List.copyOf(unfinished);
    edited = List.copyOf(edited);
  }

  /// The work tree holds the plan.
  public boolean done() {
    return unfinished.isEmpty() && edited.isEmpty();
  }

  public String text(Style style) {
    var out = new StringBuilder();
    out.append(done() ? style.good(headline()) : style.bad(headline())).append('\n');
    edited.forEach(p -> out.append("  edited ").append(Escape.line(p)).append('\n'));
    written.forEach(p -> out.append("  wrote ").append(Escape.line(p)).append('\n'));
    unfinished.forEach(p -> out.append("  ").append(Escape.line(presence(p))).append('\n'));
    if (!written.isEmpty()) {
      out.append("Look at them, commit them, push.\n");
    }
    return out.toString();
  }

  public String markdown() {
    var out = new StringBuilder("### Backfill: ").append(headline()).append("\n\n");
    edited.forEach(p -> out.append("- edited ").append(Escape.code(p)).append('\n'));
    written.forEach(p -> out.append("- wrote ").append(Escape.code(p)).append('\n'));
    unfinished.forEach(p -> out.append("- ").append(Escape.code(presence(p))).append('\n'));
    return out.toString();
  }

  public String json() {
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", CoreJson.SCHEMA_VERSION);
    out.put("verdict", plan.plan().verdict().toString());
    out.put("seal", plan.seal());
    out.put("done", done());
    out.put("written", written);
    out.put("unfinished", unfinished);
    out.put("edited", edited);
    return Json.pretty(out);
  }

  private String headline() {
    if (!edited.isEmpty() && checked) {
      return "somebody has edited generated files. Put the change into the author's file and run"
          + " backfill generate, or overwrite it with backfill generate --force.";
    }
    if (!edited.isEmpty()) {
      return "nothing was written: somebody has edited generated files. Put the change into the"
          + " author's file, or overwrite it with --force.";
    }
    if (!unfinished.isEmpty()) {
      return "files are missing or stale; run backfill generate";
    }
    if (!written.isEmpty()) {
      return written.size() == 1 ? "1 file written" : written.size() + " files written";
    }
    return plan.files().isEmpty()
        ? "nothing to generate: " + Words.verdict(plan.plan().verdict())
        : "every file is as it should be";
  }

  private String presence(String path) {
    return plan.files().stream()
        .filter(f -> f.path().equals(path))
        .map(f -> f.status() + " " + path)
        .findFirst()
        .orElse(path);
  }
}
