package dev.backfill.datafile;

import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.ArrayList;
import java.util.List;

/// Collects what is found in one file; a file that is garbage throughout says so once.
final class Findings {
  static final int MOST = 200;
  private static final int QUOTED = 60;

  private final List<Problem> problems = new ArrayList<>();
  private boolean full;

  void error(String code, Place place, String message, String advice) {
    if (!full) {
      add(Problem.error(code, place, message, advice));
    }
  }

  void warning(String code, Place place, String message, String advice) {
    if (!full) {
      add(Problem.warning(code, place, message, advice));
    }
  }

  private void add(Problem problem) {
    if (problems.size() < MOST) {
      problems.add(problem);
    } else {
      full = true;
      problems.add(
          Problem.error(
              "too_many_problems",
              problem.place(),
              "More than " + MOST + " problems in this file; the rest is not listed.",
              "Repair the first ones and try again."));
    }
  }

  /// Whether what is found from now on isn't listed.
  boolean full() {
    return full;
  }

  List<Problem> all() {
    return problems;
  }

  /// Text of the file for use in a message: short, on one line.
  static String quoted(String text) {
    var line = text.replaceAll("\\p{Cntrl}", " ").strip();
    return "`" + (line.length() > QUOTED ? line.substring(0, QUOTED) + "..." : line) + "`";
  }
}
