package dev.backfill.report;

import dev.backfill.proof.Judgement;
import dev.backfill.proof.ProofReport;
import dev.backfill.run.Outcome;
import dev.backfill.run.Rehearsed;
import java.util.List;
import java.util.Optional;

/// Runs, rehearsals and proofs as a comment or job summary shows them.
public final class RunMarkdown {
  private RunMarkdown() {}

  public static String write(Outcome outcome) {
    var out = new StringBuilder("### Backfill: ");
    switch (outcome) {
      case Outcome.Done done -> {
        out.append("done\n\nEvery target holds its source. ")
            .append(Words.later(done.proofs()))
            .append("\n\n");
        figures(out, done.figures());
        done.proofs().forEach(p -> proof(out, p));
      }
      case Outcome.NotReady no -> {
        out.append("not ready\n\n");
        reasons(out, no.reasons());
        figures(out, no.figures());
        no.proofs().forEach(p -> proof(out, p));
      }
      case Outcome.ComeBackAt back ->
          out.append("nothing to do before ")
              .append(back.at())
              .append("\n\n")
              .append(Escape.prose(back.because()))
              .append('\n');
      case Outcome.Over over ->
          out.append("nothing left to run\n\n")
              .append(Escape.prose(over.because()))
              .append("\n\n")
              .append(Words.PAST)
              .append('\n');
      case Outcome.Planned planned -> {
        out.append("what a run would do\n\nNothing was changed.\n\n");
        out.append("| target | cutover | chunks | rows | ranges |\n|---|---|---|---|---|\n");
        for (var i : planned.intents()) {
          PlanMarkdown.row(
              out,
              Escape.code(i.target()),
              i.cutover().map(Object::toString).orElse("none"),
              Words.number(i.chunks()),
              Words.number(i.rows()),
              Escape.prose(String.join("; ", i.ranges())));
        }
      }
    }
    return out.toString();
  }

  public static String write(Rehearsed rehearsed) {
    return "### Backfill: " + section(rehearsed);
  }

  /// The part of the pull request's comment below `Proof`.
  public static String section(Rehearsed rehearsed) {
    var out = new StringBuilder();
    out.append(
            rehearsed.counts()
                ? "rehearsed and proven in the branch "
                : "this rehearsal doesn't count, in the branch ")
        .append(Escape.code(rehearsed.branch()))
        .append("\n\n");
    reasons(out, rehearsed.reasons());
    figures(out, rehearsed.targets().stream().map(Rehearsed.Target::figures).toList());
    if (!rehearsed.targets().isEmpty()) {
      out.append("In production:\n\n| new version | rows to copy | chunks | takes about |\n");
      out.append("|---|---|---|---|\n");
      for (var t : rehearsed.targets()) {
        PlanMarkdown.row(
            out,
            Escape.code(t.target()),
            Words.number(t.forecast().rows()),
            Words.number(t.forecast().chunks()),
            t.forecast().duration().map(Words::duration).orElse("not measured"));
      }
      out.append('\n');
      for (var t : rehearsed.targets()) {
        out.append("- Past T, ")
            .append(Words.number(t.injected()))
            .append(" test rows were appended and ")
            .append(Words.number(t.arrived()))
            .append(" arrived in ")
            .append(Escape.code(t.target()))
            .append(t.mark().isEmpty() ? "" : " (" + Escape.prose(t.mark()) + ")")
            .append('\n');
      }
      out.append('\n');
    }
    rehearsed.targets().forEach(t -> t.proof().ifPresent(p -> proof(out, p)));
    return out.toString();
  }

  public static String write(List<ProofReport> proofs) {
    var out = new StringBuilder("### Backfill: ");
    out.append(
        switch (Judgement.worst(proofs.stream().map(ProofReport::judgement).toList())) {
          case CONTAINED -> "proven";
          case UNSETTLED -> "not proven, rows kept moving";
          case DIFFERS -> "not proven, rows differ";
        });
    Words.cure(proofs, Optional.empty()).ifPresent(cure -> out.append("\n\n").append(cure));
    out.append("\n\n");
    proofs.forEach(p -> proof(out, p));
    return out.toString();
  }

  private static void reasons(StringBuilder out, List<String> reasons) {
    reasons.forEach(r -> out.append("- ").append(Escape.prose(r)).append('\n'));
    if (!reasons.isEmpty()) {
      out.append('\n');
    }
  }

  private static void figures(StringBuilder out, List<Outcome.Figures> figures) {
    if (figures.isEmpty()) {
      return;
    }
    out.append("| new version | rows copied | late rows added | jobs | time in jobs | rows/s |\n");
    out.append("|---|---|---|---|---|---|\n");
    for (var f : figures) {
      PlanMarkdown.row(
          out,
          Escape.code(f.target()),
          Words.number(f.copied()),
          Words.number(f.swept()),
          Words.number(f.jobs()),
          Words.duration(f.copying()),
          Words.number(Math.round(f.rowsPerSecond())));
    }
    out.append('\n');
  }

  private static String fingerprints(String expected, String actual) {
    return Escape.code(expected) + (expected.equals(actual) ? "" : ", " + Escape.code(actual));
  }

  private static void proof(StringBuilder out, ProofReport proof) {
    out.append("Proof of ")
        .append(Escape.code(proof.target()))
        .append(" against ")
        .append(Escape.code(proof.source()))
        .append(" at ")
        .append(Words.second(proof.asOf()));
    proof.cutover().ifPresent(t -> out.append("; T, the cutover, is ").append(Words.second(t)));
    out.append(
        ":\n\n| rows of | expected | there | missing | surplus | says |\n|---|---|---|---|---|---|\n");
    for (var c : proof.comparisons()) {
      PlanMarkdown.row(
          out,
          Escape.code(c.actual())
              + (c.expected().equals(proof.source()) ? "" : " from " + Escape.code(c.expected())),
          Words.number(c.expectedTotal().rows()),
          Words.number(c.actualTotal().rows()),
          Words.number(c.missing()),
          Words.number(c.surplus()),
          "**"
              + RunText.judgement(c.judgement())
              + "**: "
              + Escape.prose(c.because())
              + " ("
              + fingerprints(
                  RunText.hash(c.expectedTotal().hash()), RunText.hash(c.actualTotal().hash()))
              + ")");
    }
    out.append('\n');
    for (var c : proof.comparisons()) {
      if (!c.examples().isEmpty()) {
        var rows = new StringBuilder();
        for (var e : c.examples()) {
          rows.append(e.missing() ? "missing " : "surplus ")
              .append(Words.number(e.times()))
              .append(" x ")
              .append(Escape.line(e.row()))
              .append('\n');
        }
        PlanMarkdown.details(
            out,
            "Rows that differ in " + Escape.code(c.actual()),
            Escape.fence("", rows.toString()));
      }
    }
  }
}
