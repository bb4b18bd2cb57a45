package dev.backfill.report;

import dev.backfill.status.Status;
import dev.backfill.status.Step;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Where a migration is and whose turn it is, as people and scripts read it.
public final class StatusReport {
  private StatusReport() {}

  public static String text(Status status, Style style) {
    var out = new StringBuilder();
    out.append(
            status.finished()
                ? style.good("finished")
                : status.stuck() ? style.bad("stuck") : style.bold("under way"))
        .append(" in ")
        .append(Escape.line(status.workspace()))
        .append(status.branch() ? " (a branch)" : "")
        .append(", as of ")
        .append(Words.second(status.asOf()))
        .append('\n');
    for (var step : status.steps()) {
      out.append('\n')
          .append(mark(step, style))
          .append(' ')
          .append(style.bold(who(step)))
          .append(": ")
          .append(plain(step.title()));
      step.until().ifPresent(at -> out.append(", not before ").append(Words.second(at)));
      out.append('\n');
      step.because().forEach(b -> out.append("         ").append(plain(b)).append('\n'));
      step.command().ifPresent(c -> out.append("         $ ").append(Escape.line(c)).append('\n'));
    }
    if (!status.unseen().isEmpty()) {
      out.append('\n').append(style.warn("Not to be seen from here")).append('\n');
      status.unseen().forEach(u -> out.append("  - ").append(plain(u)).append('\n'));
    }
    return out.toString();
  }

  /// The steps as lines of a comment.
  public static String markdown(Status status) {
    return markdown(status, UnaryOperator.identity());
  }

  /// @param here says commands and options as the reader can use them
  static String markdown(Status status, UnaryOperator<String> here) {
    var out = new StringBuilder();
    for (var step : status.steps()) {
      out.append(
          switch (step.state()) {
            case DONE -> "- [x] ";
            case NOW, WAITS, STUCK -> "- [ ] ";
          });
      out.append("**")
          .append(who(step))
          .append("** (")
          .append(state(step))
          .append("): ")
          .append(Escape.prose(step.title()));
      step.until().ifPresent(at -> out.append(", not before ").append(Words.second(at)));
      step.command().map(here).ifPresent(c -> out.append(": ").append(Escape.code(c)));
      out.append('\n');
      if (step.state() != Step.State.DONE) {
        step.because()
            .forEach(b -> out.append("  - ").append(Escape.prose(here.apply(b))).append('\n'));
      }
    }
    status
        .unseen()
        .forEach(
            u -> out.append("\nNot to be seen from here: ").append(Escape.prose(u)).append('\n'));
    return out.toString();
  }

  public static String json(Status status) {
    return Json.pretty(tree(status));
  }

  static Map<String, Object> tree(Status status) {
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", CoreJson.SCHEMA_VERSION);
    out.put("workspace", status.workspace());
    out.put("branch", status.branch());
    out.put("asOf", status.asOf().toString());
    out.put("finished", status.finished());
    out.put("stuck", status.stuck());
    out.put("steps", status.steps().stream().map(StatusReport::step).toList());
    var next = new LinkedHashMap<String, Object>();
    next.put("change", status.next().change().toString());
    next.put("missing", status.next().missing());
    out.put("next", next);
    out.put("unseen", status.unseen());
    return out;
  }

  private static Map<String, Object> step(Step step) {
    var out = new LinkedHashMap<String, Object>();
    out.put("id", step.id());
    out.put("by", who(step));
    out.put("state", state(step).replace(' ', '_'));
    out.put("title", step.title());
    out.put("because", step.because());
    step.command().ifPresent(c -> out.put("command", c));
    step.until().ifPresent(at -> out.put("until", at.toString()));
    return out;
  }

  private static String mark(Step step, Style style) {
    return switch (step.state()) {
      case DONE -> style.good("[done] ");
      case NOW -> style.bold("[now]  ");
      case WAITS -> style.faint("[later]");
      case STUCK -> style.bad("[stuck]");
    };
  }

  private static String who(Step step) {
    return switch (step.who()) {
      case YOU -> "you";
      case WE -> "we";
    };
  }

  private static String state(Step step) {
    return switch (step.state()) {
      case DONE -> "done";
      case NOW -> "now";
      case WAITS -> "waits";
      case STUCK -> "stuck";
    };
  }

  private static String plain(String text) {
    return Escape.line(text.replace("`", ""));
  }
}
