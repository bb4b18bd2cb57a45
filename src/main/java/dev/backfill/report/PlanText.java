package dev.backfill.report;

import dev.backfill.change.Verdict;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import java.util.List;

/// A plan as a terminal shows it.
public final class PlanText {
  /// Queries are long, and JSON holds them whole.
  private static final int LONGEST = 160;

  private PlanText() {}

  public static String write(PlanReport report, Style style) {
    var out = new StringBuilder();
    var plan = report.plan();
    var core = plan.core();
    var verdict = Words.verdict(plan.verdict());
    out.append(
        switch (plan.verdict()) {
          case NONE, IN_PLACE, CLEANUP, ALREADY_VERSIONED -> style.good(verdict);
          case VERSION -> style.warn(verdict);
          case REFUSE -> style.bad(verdict);
        });
    Words.stops(plan)
        .ifPresent(stops -> {
          out.append(
              plan.verdict() == Verdict.REFUSE ? "" : ", and " + style.bad("generate refuses"));
          out.append(" because of ").append(Escape.line(stops));
        });
    out.append(": ").append(Escape.line(unquoted(Words.meaning(report)))).append("\n");
    if (!plan.obstacles().isEmpty()) {
      out.append('\n').append(style.bold("What stops generate")).append('\n');
      plan.obstacles().forEach(p -> out.append("  ").append(problem(p, style)).append('\n'));
    }
    if (!plan.changes().isEmpty()) {
      out.append('\n').append(style.bold("Changes")).append('\n');
      for (var change : plan.changes()) {
        var where = change.line() == 0 ? change.file() : change.file() + ":" + change.line();
        out.append("  ").append(Escape.line(where)).append(": ");
        out.append(
            switch (change.impact()) {
              case NONE, IN_PLACE -> Words.kind(change.impact().toString());
              case VERSION -> style.warn("version");
              case REFUSE -> style.bad("refuse");
            });
        out.append(change.destructive() ? style.bad(", data is lost") : "");
        out.append(", ").append(Escape.line(Words.kind(change.kind())));
        out.append(" of ").append(Escape.line(change.resource()));
        if (!change.before().isEmpty() || !change.after().isEmpty()) {
          out.append(": ").append(value(change.before())).append(" -> ");
          out.append(value(change.after()));
        }
        out.append("\n      ").append(Escape.line(unquoted(change.reason()))).append('\n');
        Words.byItself(change)
            .ifPresent(d ->
                out.append("      ")
                    .append(style.faint("tb deploy by itself: " + Escape.line(d)))
                    .append('\n'));
      }
    }
    if (!core.migrations().isEmpty()) {
      out.append('\n').append(style.bold("Migrations")).append('\n');
      var table =
          new Table("from", "to", "because", "way", "rows from now on", "rows so far", "cutover");
      for (var m : core.migrations()) {
        table.row(
            m.source(),
            m.target(),
            m.cause().toString(),
            Words.scenario(m.scenario()),
            unquoted(Words.live(m)),
            unquoted(Words.history(m)),
            unquoted(Words.cutover(m, core)));
      }
      table.appendTo(out, style);
      for (var m : core.migrations()) {
        for (var line : plan.evidence().getOrDefault(m.source(), List.of())) {
          out.append("  ")
              .append(style.faint(Escape.line(m.source() + ": " + unquoted(line))))
              .append('\n');
        }
      }
    }
    if (!plan.readers().isEmpty()) {
      out.append('\n').append(style.bold("Readers, switched afterwards")).append('\n');
      var table = new Table("reader", "kind", "reads");
      plan.readers().forEach(r -> table.row(r.resource(), r.kind(), String.join(", ", r.reads())));
      table.appendTo(out, style);
    }
    if (!report.files().isEmpty()) {
      out.append('\n').append(style.bold("Files")).append('\n');
      var table = new Table("status", "mode", "file");
      report.files().forEach(f -> table.row(f.status().toString(), f.mode(), f.path()));
      table.appendTo(out, style);
      Words.moves(report)
          .forEach(line -> out.append("  ").append(Escape.line(unquoted(line))).append('\n'));
    }
    if (!report.warnings().isEmpty()) {
      out.append('\n').append(style.bold("Findings")).append('\n');
      report.warnings().forEach(p -> out.append("  ").append(problem(p, style)).append('\n'));
    }
    if (!report.steps().isEmpty()) {
      out.append('\n').append(style.bold("What is next")).append('\n');
      var number = 1;
      for (var step : report.steps()) {
        out.append("  ").append(number++).append(". ").append(style.bold(step.by().toString()));
        out.append(": ").append(Escape.line(unquoted(step.title()))).append('\n');
        if (!step.command().isEmpty()) {
          out.append("       ").append(Escape.line(step.command())).append('\n');
        }
        out.append("     ")
            .append(style.faint("done when " + Escape.line(unquoted(step.doneWhen()))))
            .append('\n');
      }
    }
    out.append('\n').append(style.faint(report.seal())).append('\n');
    return out.toString();
  }

  /// Any text as one line that can't disturb a terminal.
  public static String line(String text) {
    return Escape.line(text);
  }

  /// One finding on one line, advice included.
  public static String problem(Problem problem, Style style) {
    var text = Escape.line(problem.toString());
    var word = problem.severity() == Severity.ERROR ? "error" : "warning";
    return switch (problem.severity()) {
      case ERROR -> text.replaceFirst(word, style.bad(word));
      case WARNING -> text.replaceFirst(word, style.warn(word));
      case NOTE -> text;
    };
  }

  private static String value(String text) {
    if (text.isEmpty()) {
      return "(none)";
    }
    var line = Escape.line(text);
    return line.codePointCount(0, line.length()) <= LONGEST
        ? line
        : line.substring(0, line.offsetByCodePoints(0, LONGEST - 1)) + "…";
  }

  private static String unquoted(String text) {
    return text.replace("`", "");
  }
}
