package dev.backfill.report;

import dev.backfill.proof.Comparison;
import dev.backfill.proof.Judgement;
import dev.backfill.proof.ProofReport;
import dev.backfill.run.Outcome;
import dev.backfill.run.Rehearsed;
import dev.backfill.run.RunEvent;
import java.util.List;
import java.util.Optional;

/// Runs, rehearsals and proofs as a terminal shows them.
public final class RunText {
  private RunText() {}

  /// One line of progress.
  public static String event(RunEvent event) {
    return Escape.line(
        switch (event) {
          case RunEvent.Started e ->
              "%s: from %s%s"
                  .formatted(
                      e.target(),
                      e.source(),
                      e.cutover().map(t -> ", cutover T = " + t).orElse(""));
          case RunEvent.Waiting e ->
              "%swaiting since %s%s: %s"
                  .formatted(
                      e.target().isEmpty() ? "" : e.target() + ": ",
                      Words.second(e.since()),
                      e.until().map(u -> ", until " + Words.second(u)).orElse(""),
                      e.because());
          case RunEvent.Chunked e ->
              "%s: %s rows of history in %s, %s still to copy"
                  .formatted(
                      e.target(),
                      Words.number(e.rows()),
                      count(e.chunks(), "chunk"),
                      Words.number(e.absent()));
          case RunEvent.JobRunning e ->
              (e.over()
                      ? "%s: copying %s, job %s: %s after %s"
                      : "%s: copying %s, job %s is %s since %s")
                  .formatted(
                      e.target(), e.range(), e.job(), e.state(), Words.duration(e.elapsed()));
          case RunEvent.Copied e ->
              "%s: copied %s, %s in %s, %s of %s%s"
                  .formatted(
                      e.target(),
                      e.range(),
                      count(e.rows(), "row"),
                      Words.duration(e.elapsed()),
                      Words.number(e.done()),
                      Words.number(e.total()),
                      e.total() > 0 ? " (" + e.done() * 100 / e.total() + " %)" : "");
          case RunEvent.Split e ->
              "%s: cutting %s: %s".formatted(e.target(), e.range(), e.because());
          case RunEvent.Swept e ->
              "%s: added %s that %s lacked"
                  .formatted(e.target(), count(e.rows(), "row"), e.range());
          case RunEvent.Proving e -> "%s: proving %s".formatted(e.target(), e.what());
          case RunEvent.Compared e ->
              "%s: %s: %s"
                  .formatted(
                      e.comparison().actual(),
                      judgement(e.comparison().judgement()),
                      e.comparison().because());
          case RunEvent.Note e -> "%s: %s".formatted(e.target(), e.message());
        });
  }

  /// What a passing line is about: while that stays the same, the line needn't be said again soon.
  public static String topic(RunEvent event) {
    return switch (event) {
      case RunEvent.Waiting e -> "waiting " + e.target() + " " + e.because();
      case RunEvent.JobRunning e ->
          "job " + e.target() + " " + e.range() + " " + e.job() + " " + e.state();
      case RunEvent.Started _,
          RunEvent.Chunked _,
          RunEvent.Copied _,
          RunEvent.Split _,
          RunEvent.Swept _,
          RunEvent.Proving _,
          RunEvent.Compared _,
          RunEvent.Note _ ->
          event(event);
    };
  }

  /// Whether a line of progress should stay when the next one comes.
  public static boolean lasting(RunEvent event) {
    return switch (event) {
      case RunEvent.Started _,
          RunEvent.Chunked _,
          RunEvent.Copied _,
          RunEvent.Split _,
          RunEvent.Swept _,
          RunEvent.Compared _,
          RunEvent.Note _ ->
          true;
      case RunEvent.Waiting _, RunEvent.JobRunning _, RunEvent.Proving _ -> false;
    };
  }

  public static String write(Outcome outcome, Style style) {
    var out = new StringBuilder();
    switch (outcome) {
      case Outcome.Done done -> {
        out.append(style.good("done")).append(": every target holds its source.\n");
        out.append(Words.later(done.proofs())).append("\n\n");
        figures(out, done.figures(), style);
        done.proofs().forEach(p -> proof(out, p, style));
      }
      case Outcome.NotReady no -> {
        out.append(style.bad("not ready")).append(":\n");
        reasons(out, no.reasons());
        out.append('\n');
        figures(out, no.figures(), style);
        no.proofs().forEach(p -> proof(out, p, style));
      }
      case Outcome.ComeBackAt back ->
          out.append(style.warn("nothing to do before " + back.at()))
              .append(": ")
              .append(Escape.line(back.because()))
              .append('\n');
      case Outcome.Over over ->
          out.append(style.good("nothing left to run"))
              .append(": ")
              .append(Escape.line(over.because()))
              .append("\n")
              .append(Words.PAST)
              .append('\n');
      case Outcome.Planned planned -> {
        out.append("A run would do this; nothing was changed.\n\n");
        var table = new Table("target", "cutover T", "chunks", "rows");
        planned
            .intents()
            .forEach(i ->
                table.row(
                    i.target(),
                    i.cutover().map(Object::toString).orElse("none"),
                    Words.number(i.chunks()),
                    Words.number(i.rows())));
        table.appendTo(out, style);
        for (var intent : planned.intents()) {
          for (var range : intent.ranges()) {
            out.append("  ").append(Escape.line(intent.target() + ": copy " + range)).append('\n');
          }
        }
      }
    }
    return out.toString();
  }

  public static String write(Rehearsed rehearsed, Style style) {
    var out = new StringBuilder();
    out.append(
        rehearsed.counts() ? style.good("rehearsed") : style.bad("this rehearsal doesn't count"));
    out.append(" in branch ").append(Escape.line(rehearsed.branch())).append('\n');
    reasons(out, rehearsed.reasons());
    out.append('\n');
    figures(out, rehearsed.targets().stream().map(Rehearsed.Target::figures).toList(), style);
    if (!rehearsed.targets().isEmpty()) {
      out.append(style.bold("Rows past T, and production")).append('\n');
      var table =
          new Table(
              "target",
              "appended",
              "arrived",
              "found by",
              "history in production",
              "chunks there",
              "forecast");
      rehearsed
          .targets()
          .forEach(t ->
              table.row(
                  t.target(),
                  Words.number(t.injected()),
                  Words.number(t.arrived()),
                  t.mark(),
                  Words.number(t.forecast().rows()),
                  Words.number(t.forecast().chunks()),
                  t.forecast().duration().map(Words::duration).orElse("not measured")));
      table.appendTo(out, style);
      out.append(
          "History in production: rows that a run would bring if T were now, counted in this rehearsal;"
              + " the plan's figure is of its own moment, and rows keep coming.\n\n");
    }
    rehearsed.targets().forEach(t -> t.proof().ifPresent(p -> proof(out, p, style)));
    out.append(
        rehearsed.counts()
            ? "Next: merge. Your CD runs deploy.sh, and after that: backfill run\n"
            : "Next: mend what is named at the top, then rehearse again.\n");
    return out.toString();
  }

  public static String write(List<ProofReport> proofs, Style style) {
    return write(proofs, /* run= */ Optional.empty(), style);
  }

  /// @param run the command that mends what is missing; empty where none does
  public static String write(List<ProofReport> proofs, Optional<String> run, Style style) {
    var out = new StringBuilder();
    var worst = Judgement.worst(proofs.stream().map(ProofReport::judgement).toList());
    out.append(
        switch (worst) {
          case CONTAINED -> style.good("proven");
          case UNSETTLED -> style.warn("not proven: rows kept moving, ask again");
          case DIFFERS -> style.bad("not proven: rows differ");
        });
    Words.cure(proofs, run).ifPresent(cure -> out.append('\n').append(cure));
    out.append("\n\n");
    proofs.forEach(p -> proof(out, p, style));
    return out.toString();
  }

  private static void reasons(StringBuilder out, List<String> reasons) {
    reasons.forEach(r -> out.append("  - ").append(Escape.line(r)).append('\n'));
  }

  private static void figures(StringBuilder out, List<Outcome.Figures> figures, Style style) {
    if (figures.isEmpty()) {
      return;
    }
    out.append(style.bold("Copied")).append('\n');
    var table = new Table("target", "chunks", "jobs", "rows", "rows/s", "swept", "time in jobs");
    figures.forEach(f ->
        table.row(
            f.target(),
            Words.number(f.chunks()),
            Words.number(f.jobs()),
            Words.number(f.copied()),
            Words.number(Math.round(f.rowsPerSecond())),
            Words.number(f.swept()),
            Words.duration(f.copying())));
    table.appendTo(out, style);
    out.append('\n');
  }

  private static void proof(StringBuilder out, ProofReport proof, Style style) {
    out.append(style.bold("Proof"))
        .append(" of ")
        .append(Escape.line(proof.target()))
        .append(" against ")
        .append(Escape.line(proof.source()))
        .append(", as of ")
        .append(proof.asOf());
    proof.cutover().ifPresent(t -> out.append(", T = ").append(t));
    proof.until().ifPresent(w -> out.append(", W = ").append(w));
    out.append('\n');
    var table =
        new Table(
            "expected from", "in", "rows expected", "rows there", "missing", "surplus", "says");
    for (var c : proof.comparisons()) {
      table.row(
          c.expected(),
          c.actual(),
          Words.number(c.expectedTotal().rows()),
          Words.number(c.actualTotal().rows()),
          Words.number(c.missing()),
          Words.number(c.surplus()),
          judgement(c.judgement()));
    }
    table.appendTo(out, style);
    for (var c : proof.comparisons()) {
      out.append("  ")
          .append(style.faint(Escape.line(c.actual() + ": " + c.how() + "; " + c.because())))
          .append('\n');
      out.append("  ")
          .append(
              style.faint(
                  Escape.line(c.actual())
                      + ": fingerprints "
                      + hash(c.expectedTotal().hash())
                      + " and "
                      + hash(c.actualTotal().hash())))
          .append('\n');
      examples(out, c);
    }
    out.append('\n');
  }

  private static void examples(StringBuilder out, Comparison comparison) {
    for (var example : comparison.examples()) {
      out.append("    ")
          .append(example.missing() ? "missing " : "surplus ")
          .append(Words.number(example.times()))
          .append(" x ")
          .append(Escape.line(example.row()))
          .append('\n');
    }
  }

  static String hash(java.math.BigInteger hash) {
    var text = hash.toString(16);
    return "0".repeat(16 - text.length()) + text;
  }

  static String judgement(Judgement judgement) {
    return switch (judgement) {
      case CONTAINED -> "holds";
      case UNSETTLED -> "unsettled, ask again";
      case DIFFERS -> "differs";
    };
  }

  private static String count(long number, String noun) {
    return Words.number(number) + " " + noun + (number == 1 ? "" : "s");
  }
}
