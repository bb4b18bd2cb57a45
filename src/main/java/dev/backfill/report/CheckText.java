package dev.backfill.report;

import dev.backfill.change.Impact;
import dev.backfill.change.Verdict;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import java.util.ArrayList;
import java.util.List;

/// What the two checks of a pull request say.
public final class CheckText {
  private static final int LONGEST = 65_000;

  private CheckText() {}

  /// How a check ends. There is no "neutral": GitHub lets it pass.
  public enum Conclusion {
    SUCCESS,
    FAILURE,
    /// A person has to do something first; doesn't pass either.
    ACTION_REQUIRED
  }

  /// A check's words.
  ///
  /// @param title plain text, one line
  /// @param summary markdown
  public record Text(Conclusion conclusion, String title, String summary) {}

  /// A remark at a line of the diff.
  ///
  /// @param file from the root of the repository
  /// @param line from 1
  /// @param severity how much it matters
  /// @param title plain text, one line
  /// @param message plain text
  public record Remark(String file, int line, Severity severity, String title, String message) {}

  /// `backfill / plan`: can this be planned, and are its files there?
  public static Text plan(List<PullRequestComment.Project> projects, String reportFile) {
    var worst =
        Readiness.worst(projects.stream().map(PullRequestComment.Project::readiness).toList());
    var verdict =
        Verdict.strictest(projects.stream().map(p -> p.report().plan().verdict()).toList());
    var conclusion =
        switch (worst.state()) {
          case REFUSED, UNDECIDED, UNREADABLE -> Conclusion.FAILURE;
          case INCOMPLETE -> Conclusion.ACTION_REQUIRED;
          case NOT_NEEDED, READY, UNREHEARSED, MOVED, UNPROVEN -> Conclusion.SUCCESS;
        };
    var title =
        switch (worst.state()) {
          case UNDECIDED -> "blocked: something has to be decided";
          case INCOMPLETE -> "a new version is needed, and its files aren't in the branch";
          default -> Words.verdict(verdict);
        };
    return new Text(conclusion, title, summary(projects, reportFile));
  }

  /// `backfill / readiness`: may it be merged?
  public static Text readiness(List<PullRequestComment.Project> projects) {
    return readiness(
        Readiness.worst(projects.stream().map(PullRequestComment.Project::readiness).toList()));
  }

  public static Text readiness(Readiness readiness) {
    var conclusion =
        switch (readiness.state()) {
          case NOT_NEEDED, READY -> Conclusion.SUCCESS;
          case UNREHEARSED, INCOMPLETE -> Conclusion.ACTION_REQUIRED;
          case MOVED, UNPROVEN, UNDECIDED, REFUSED, UNREADABLE -> Conclusion.FAILURE;
        };
    var title =
        switch (readiness.state()) {
          case NOT_NEEDED -> "nothing to rehearse";
          case READY -> "rehearsed and proven";
          case UNREHEARSED -> "not rehearsed yet";
          case INCOMPLETE -> "files of the plan are missing or stale";
          case MOVED -> "the main line or the plan has moved";
          case UNPROVEN -> "the rehearsal doesn't count";
          case UNDECIDED -> "something has to be decided";
          case REFUSED -> "refused";
          case UNREADABLE -> "the project can't be read";
        };
    return new Text(
        conclusion, title, Escape.prose(PullRequestComment.clip(readiness.because())) + "\n");
  }

  /// A project that can't be read.
  public static Text unreadable(List<Problem> problems) {
    return new Text(
        Conclusion.FAILURE,
        "the project can't be read",
        cut(
            problems.stream()
                .map(p -> PlanMarkdown.finding("", p, PullRequestComment::clip))
                .toList()));
  }

  /// Something that isn't about the project's files stopped us.
  public static Text stopped(String why) {
    return new Text(
        Conclusion.FAILURE, "stopped", Escape.prose(PullRequestComment.clip(why)) + "\n");
  }

  /// Changes that ask for more than nothing, and findings, where they are in the diff.
  public static List<Remark> remarks(PlanReport report) {
    var out = new ArrayList<Remark>();
    for (var change : report.plan().changes()) {
      var severity =
          change.impact() == Impact.REFUSE
              ? Severity.ERROR
              : change.impact() == Impact.VERSION || change.destructive()
                  ? Severity.WARNING
                  : Severity.NOTE;
      if (change.line() > 0 && severity != Severity.NOTE) {
        out.add(
            new Remark(
                path(report.projectDir(), change.file()),
                change.line(),
                severity,
                Escape.line(
                    PullRequestComment.clip(
                        Words.kind(change.kind())
                            + " of "
                            + change.resource()
                            + ": "
                            + change.impact())),
                Escape.line(change.reason())));
      }
    }
    out.addAll(remarks(report.projectDir(), report.findings()));
    return List.copyOf(out);
  }

  /// Findings with a place.
  public static List<Remark> remarks(String projectDir, List<Problem> problems) {
    return problems.stream()
        .filter(p -> !p.place().file().isEmpty())
        .map(p ->
            new Remark(
                path(projectDir, p.place().file()),
                Math.max(1, p.place().line()),
                p.severity(),
                p.code(),
                Escape.line((p.message() + " " + p.advice()).strip())))
        .toList();
  }

  private static String path(String projectDir, String file) {
    return projectDir.equals(".") ? file : projectDir + "/" + file;
  }

  private static String summary(List<PullRequestComment.Project> projects, String reportFile) {
    var out = new ArrayList<String>();
    out.add(PullRequestComment.headline(projects) + "\n\n");
    for (var project : projects) {
      out.addAll(PlanMarkdown.findings(project.report(), PullRequestComment::clip));
    }
    out.add("\nThe whole report is " + Escape.code(reportFile) + " of this run.\n");
    return cut(out);
  }

  private static String cut(List<String> lines) {
    var out = new StringBuilder();
    for (var line : lines) {
      if (out.length() + line.length() > LONGEST) {
        return out.append("\nMore stands in the report file of this run.\n").toString();
      }
      out.append(line);
    }
    return out.toString();
  }
}
