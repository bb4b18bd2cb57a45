package dev.backfill.plan;

import dev.backfill.change.JudgedChange;
import dev.backfill.change.Verdict;
import dev.backfill.problem.Problem;
import java.util.List;
import java.util.Map;

/// What will be done, with what people want to know about it.
///
/// @param verdict the strictest of the changes'
/// @param core what is sealed and committed
/// @param changes what differs, with the lines that the core leaves out
/// @param readers what is switched afterwards
/// @param warnings findings that don't stop the plan
/// @param obstacles findings that stop `generate`: what can't be emitted or has to be decided first
/// @param evidence why each migration's scenario was chosen, by source
public record Plan(
    Verdict verdict,
    PlanCore core,
    List<JudgedChange> changes,
    List<Reader> readers,
    List<Problem> warnings,
    List<Problem> obstacles,
    Map<String, List<String>> evidence) {

  public Plan {
    changes = List.copyOf(changes);
    readers = List.copyOf(readers);
    warnings = List.copyOf(warnings);
    obstacles = List.copyOf(obstacles);
    evidence = Map.copyOf(evidence);
  }

  /// A plan whose changes are those of its core.
  public Plan(
      Verdict verdict,
      PlanCore core,
      List<Reader> readers,
      List<Problem> warnings,
      List<Problem> obstacles,
      Map<String, List<String>> evidence) {
    this(verdict, core, core.changes(), readers, warnings, obstacles, evidence);
  }
}
