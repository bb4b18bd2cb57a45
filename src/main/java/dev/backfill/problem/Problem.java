package dev.backfill.problem;

/// One finding.
///
/// @param code stable, lower case words joined by underscores, never reused for another meaning
/// @param severity how much it matters
/// @param place where
/// @param message what is the case and why it matters, one sentence; may hold text from a pull
///   request, so whoever prints it escapes it
/// @param advice what to do next; empty when nothing is to be done
public record Problem(String code, Severity severity, Place place, String message, String advice) {
  public Problem {
    if (!code.matches("[a-z][a-z0-9]*(_[a-z0-9]+)*")) {
      throw new IllegalArgumentException("not a problem code: " + code);
    }
  }

  public static Problem error(String code, Place place, String message, String advice) {
    return new Problem(code, Severity.ERROR, place, message, advice);
  }

  public static Problem warning(String code, Place place, String message, String advice) {
    return new Problem(code, Severity.WARNING, place, message, advice);
  }

  public static Problem note(String code, Place place, String message, String advice) {
    return new Problem(code, Severity.NOTE, place, message, advice);
  }

  /// `file:line: error code: message Advice`, one line.
  @Override
  public String toString() {
    var where = place.file().isEmpty() ? "" : place + ": ";
    var text =
        where + severity.name().toLowerCase(java.util.Locale.ROOT) + " " + code + ": " + message;
    return advice.isEmpty() ? text : text + " " + advice;
  }
}
