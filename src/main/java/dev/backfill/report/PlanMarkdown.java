package dev.backfill.report;

import dev.backfill.change.Impact;
import dev.backfill.change.JudgedChange;
import dev.backfill.change.Verdict;
import dev.backfill.plan.Cause;
import dev.backfill.plan.Migration;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

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
    Words.stops(report.plan())
        .ifPresent(s ->
            out.append("**`generate` refuses** because of ")
                .append(Escape.prose(s))
                .append(".\n\n"));
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

  static final String MIGRATIONS_HEAD =
      """
      | from | to | way | rows so far | rows from now on |
      |---|---|---|---|---|
      """;

  private static void changes(PlanReport report, StringBuilder out) {
    var changes = report.plan().changes();
    if (changes.isEmpty()) {
      return;
    }
    out.append("#### What changed, and what it asks for\n\n");
    changes.forEach(c -> out.append(change(c, UnaryOperator.identity())));
    out.append('\n');
    var alone = new StringBuilder();
    for (var change : changes) {
      Words.byItself(change)
          .ifPresent(d ->
              alone
                  .append("- ")
                  .append(Escape.prose(Words.kind(change.kind())))
                  .append(" of ")
                  .append(Escape.code(change.resource()))
                  .append(": ")
                  .append(Escape.prose(d))
                  .append('\n'));
    }
    if (!alone.isEmpty()) {
      details(out, "What <code>tb deploy</code> would do by itself", alone.toString());
    }
  }

  /// A line of the list of changes: a table of six columns is too wide for a comment.
  ///
  /// @param clip shortens what comes from the pull request
  static String change(JudgedChange change, UnaryOperator<String> clip) {
    var file = clip.apply(change.file());
    var before = Escape.code(clip.apply(change.before()));
    var after = Escape.code(clip.apply(change.after()));
    return "- "
        + (change.impact() == Impact.REFUSE
            ? "**refuse**"
            : "**" + Words.kind(change.impact().toString()) + "**")
        + (change.destructive() ? ", **data is lost**" : "")
        + ": "
        + Escape.prose(Words.kind(change.kind()))
        + " of "
        + Escape.code(clip.apply(change.resource()))
        + (before.isEmpty() && after.isEmpty()
            ? ""
            : after.isEmpty()
                ? ", was " + before
                : before.isEmpty() ? ", now " + after : ", from " + before + " to " + after)
        + ", in "
        + Escape.code(change.line() == 0 ? file : file + ":" + change.line())
        + ". "
        + Escape.prose(clip.apply(change.reason()))
        + "\n";
  }

  private static void findings(PlanReport report, StringBuilder out) {
    if (report.findings().isEmpty()) {
      return;
    }
    out.append("#### Findings\n\n");
    findings(report, UnaryOperator.identity()).forEach(out::append);
    out.append('\n');
  }

  /// Lines of a list, what stops `generate` first.
  static List<String> findings(PlanReport report, UnaryOperator<String> clip) {
    return Stream.concat(
            report.plan().obstacles().stream().map(p -> finding("**Stops `generate`**: ", p, clip)),
            report.warnings().stream().map(p -> finding("", p, clip)))
        .toList();
  }

  static String finding(String prefix, Problem problem, UnaryOperator<String> clip) {
    var place = problem.place();
    var where = new Place(clip.apply(place.file()), place.line(), place.column());
    return "- "
        + prefix
        + Escape.code(problem.code())
        + (place.file().isEmpty() ? "" : " in " + Escape.code(where.toString()))
        + ": "
        + Escape.prose(clip.apply(problem.message()))
        + (problem.advice().isEmpty() ? "" : " " + Escape.prose(clip.apply(problem.advice())))
        + "\n";
  }

  private static void migrations(PlanReport report, StringBuilder out) {
    var core = report.plan().core();
    if (core.migrations().isEmpty()) {
      return;
    }
    out.append("#### Migrations\n\n").append(MIGRATIONS_HEAD);
    core.migrations().forEach(m -> out.append(migration(m)));
    out.append('\n');
    Words.cutover(core).ifPresent(t -> out.append(Escape.prose(t)).append("\n\n"));
    var evidence = evidence(report);
    if (!evidence.isEmpty()) {
      details(out, "Why this way", evidence);
    }
  }

  private static String trigger(Migration m) {
    return Escape.code(m.trigger());
  }

  static String migration(Migration m) {
    return row(
        Escape.code(m.source()),
        Escape.code(m.target()),
        m.cause() == Cause.DIRECT ? Words.scenario(m.scenario()) : "follows " + trigger(m),
        Escape.prose(Words.historyWay(m)),
        Escape.prose(Words.liveWay(m)));
  }

  static String evidence(PlanReport report) {
    var out = new StringBuilder();
    for (var m : report.plan().core().migrations()) {
      for (var line : report.plan().evidence().getOrDefault(m.source(), List.of())) {
        out.append("- ")
            .append(Escape.code(m.source()))
            .append(": ")
            .append(Escape.prose(line))
            .append('\n');
      }
    }
    return out.toString();
  }

  private static void dataflow(PlanReport report, StringBuilder out) {
    if (report.plan().core().migrations().isEmpty()) {
      return;
    }
    out.append(diagrams(report));
  }

  static String diagrams(PlanReport report) {
    return "#### Dataflow\n\nBefore:\n\n"
        + Escape.fence("mermaid", Dataflow.mermaid(report.flows().before()))
        + "\nAfter the deploy (dotted: copied once; thick: new; readers are switched later):\n\n"
        + Escape.fence("mermaid", Dataflow.mermaid(report.flows().after()))
        + "\n";
  }

  private static void files(PlanReport report, StringBuilder out) {
    if (report.files().isEmpty()) {
      return;
    }
    details(out, "Generated files", fileTable(report));
  }

  static String fileTable(PlanReport report) {
    var body = new StringBuilder("| file | mode | status |\n|---|---|---|\n");
    for (var file : report.files()) {
      row(body, Escape.code(file.path()), file.mode(), file.status().toString());
    }
    return body.toString();
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
    out.append(row(cells));
  }

  private static String row(String... cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }
}
