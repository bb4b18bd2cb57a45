package dev.backfill.report;

import dev.backfill.problem.Problem;
import java.util.LinkedHashMap;
import java.util.List;

/// What `--format json` prints when a command stops before it has a result.
public final class ErrorJson {
  private ErrorJson() {}

  /// @param status the exit status
  public static String write(int status, String message, List<Problem> problems) {
    var error = new LinkedHashMap<String, Object>();
    error.put("status", status);
    error.put("message", message);
    error.put("problems", problems.stream().map(PlanJson::problem).toList());
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", CoreJson.SCHEMA_VERSION);
    out.put("error", error);
    return Json.pretty(out);
  }
}
