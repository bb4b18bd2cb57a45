package dev.backfill.report;

import dev.backfill.change.Impact;
import dev.backfill.change.Verdict;
import java.util.List;

/// A plan as the comment on a pull request shows it.
public final class PlanMarkdown {
  private static final int MOST_STEPS = 5;

  private PlanMarkdown() {}

  /// Verdict, what changed and why, migrations, dataflow, findings, proof, commands, what is next,
  /// seal.
  ///
  /// @param proof what a rehearsal showed, as markdown of this room; empty before the first one
  public static String write(PlanReport report, String proof) {
    var out = new StringBuilder();
    out.append("### Backfill: ").append(Words.verdict(report.plan().verdict())).append("\n\n");
    out.append(Escape.prose(Words.meaning(report))).append("\n\n");
    Words.moves(report).forEach(line -> out.append(Escape.prose(line)).append("\n\n"));
    changes(report, out);
    findings(report, out);
    migrations(report, out);
    dataflow(report, out);
    if (!report.plan().core().migrations().isEmpty()) {
      out.append("#### Proof\n\n");
      out.append(proof.isEmpty() ? "Not rehearsed yet.\n" : proof).append('\n');
    }
    files(report, out);
    steps(report, out);
    out.append("<sub>Base ")
        .append(Escape.code(report.base()))
        .append(", head ")
        .append(Escape.code(report.head()))
        .append(", project ")
        .append(Escape.code(report.projectDir()))
        .append(", seal ")
        .append(Escape.code(report.seal()))
        .append("</sub>\n");
    return out.toString();
  }

  private static void changes(PlanReport report, StringBuilder out) {
    var changes = report.plan().changes();
    if (changes.isEmpty()) {
      return;
    }
    out.append("#### What changed, and what it asks for\n\n");
    out.append("| where | change | before | after | asks for | why |\n");
    out.append("|---|---|---|---|---|---|\n");
    for (var change : changes) {
      var where = change.line() == 0 ? change.file() : change.file() + ":" + change.line();
      row(
          out,
          Escape.code(where),
          Escape.prose(Words.kind(change.kind())) + " of " + Escape.code(change.resource()),
          Escape.code(change.before()),
          Escape.code(change.after()),
          (change.impact() == Impact.REFUSE ? "**refuse**" : Words.kind(change.impact().toString()))
              + (change.destructive() ? ", **data is lost**" : ""),
          Escape.prose(change.reason()));
    }
    out.append('\n');
  }

  private static void findings(PlanReport report, StringBuilder out) {
    if (report.findings().isEmpty()) {
      return;
    }
    out.append("#### Findings\n\n");
    for (var problem : report.plan().obstacles()) {
      finding(out, "**Stops `generate`**: ", problem);
    }
    for (var problem : report.plan().warnings()) {
      finding(out, "", problem);
    }
    out.append('\n');
  }

  private static void finding(
      StringBuilder out, String prefix, dev.backfill.problem.Problem problem) {
    out.append("- ").append(prefix).append(Escape.code(problem.code()));
    if (!problem.place().file().isEmpty()) {
      out.append(" in ").append(Escape.code(problem.place().toString()));
    }
    out.append(": ").append(Escape.prose(problem.message()));
    if (!problem.advice().isEmpty()) {
      out.append(' ').append(Escape.prose(problem.advice()));
    }
    out.append('\n');
  }

  private static void migrations(PlanReport report, StringBuilder out) {
    var core = report.plan().core();
    if (core.migrations().isEmpty()) {
      return;
    }
    out.append("#### Migrations\n\n");
    out.append("| from | to | because | way | rows from now on | rows so far | cutover |\n");
    out.append("|---|---|---|---|---|---|---|\n");
    for (var m : core.migrations()) {
      row(
          out,
          Escape.code(m.source()),
          Escape.code(m.target()),
          m.cause().toString(),
          Words.scenario(m.scenario()),
          Escape.prose(Words.live(m)),
          Escape.prose(Words.history(m)),
          Escape.prose(Words.cutover(m, core)));
    }
    out.append('\n');
    var evidence = new StringBuilder();
    for (var m : core.migrations()) {
      for (var line : report.plan().evidence().getOrDefault(m.source(), List.of())) {
        evidence
            .append("- ")
            .append(Escape.code(m.source()))
            .append(": ")
            .append(Escape.prose(line))
            .append('\n');
      }
    }
    if (!evidence.isEmpty()) {
      details(out, "Why this way", evidence.toString());
    }
  }

  private static void dataflow(PlanReport report, StringBuilder out) {
    if (report.plan().core().migrations().isEmpty()) {
      return;
    }
    out.append("#### Dataflow\n\nBefore:\n\n");
    out.append(Escape.fence("mermaid", Dataflow.mermaid(report.flows().before())));
    out.append(
        "\nAfter the deploy (dotted: copied once; thick: new; readers are switched later):\n\n");
    out.append(Escape.fence("mermaid", Dataflow.mermaid(report.flows().after()))).append('\n');
  }

  private static void files(PlanReport report, StringBuilder out) {
    if (report.files().isEmpty()) {
      return;
    }
    var body = new StringBuilder("| file | mode | status |\n|---|---|---|\n");
    for (var file : report.files()) {
      row(body, Escape.code(file.path()), file.mode(), file.status().toString());
    }
    details(out, "Generated files", body.toString());
  }

  private static void steps(PlanReport report, StringBuilder out) {
    var steps = report.steps();
    if (steps.isEmpty()) {
      return;
    }
    var commands = steps.stream().map(PlanReport.Step::command).filter(c -> !c.isEmpty()).toList();
    if (!commands.isEmpty()) {
      details(out, "Exact commands", Escape.fence("bash", String.join("\n", commands)));
    }
    if (report.plan().verdict() == Verdict.NONE) {
      return;
    }
    out.append("#### What is next\n\n");
    steps.stream()
        .limit(MOST_STEPS)
        .forEach(s ->
            out.append("- [ ] **")
                .append(s.by())
                .append("**: ")
                .append(Escape.prose(s.title()))
                .append(s.command().isEmpty() ? "" : ": " + Escape.code(s.command()))
                .append(" (done when ")
                .append(Escape.prose(s.doneWhen()))
                .append(")\n"));
    out.append('\n');
  }

  static void details(StringBuilder out, String summary, String body) {
    out.append("<details><summary>")
        .append(summary)
        .append("</summary>\n\n")
        .append(body)
        .append("\n</details>\n\n");
  }

  static void row(StringBuilder out, String... cells) {
    out.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }
}
