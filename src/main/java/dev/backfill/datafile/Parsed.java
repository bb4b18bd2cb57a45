package dev.backfill.datafile;

import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import java.util.List;

/// What came out of parsing: as much syntax as could be made out, and everything that was found.
public record Parsed(Datafile file, List<Problem> problems) {
  public Parsed {
    problems = List.copyOf(problems);
  }

  /// The client would refuse the file.
  public boolean broken() {
    return problems.stream().anyMatch(p -> p.severity() == Severity.ERROR);
  }
}
