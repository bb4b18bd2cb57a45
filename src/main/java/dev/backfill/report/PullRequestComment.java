package dev.backfill.report;

import dev.backfill.change.Impact;
import dev.backfill.change.JudgedChange;
import dev.backfill.change.Verdict;
import dev.backfill.plan.PlanCore;
import dev.backfill.problem.Problem;
import dev.backfill.run.Outcome;
import dev.backfill.status.Next;
import dev.backfill.status.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// The one comment on a pull request: verdict, what changed and why, findings, migrations,
/// dataflow, proof, commands, who does what next, seal.
///
/// It stays below [#BUDGET] whatever it has to say. What is least needed goes first, findings last,
/// and what isn't shown is counted and stands in the report file.
public final class PullRequestComment {
  /// Characters (code points); GitHub takes 65,536.
  public static final int BUDGET = 60_000;

  private static final int MOST_ACTS = 5;
  private static final int CLIP = 300;
  // Mermaid draws 500 arrows by default, and nobody reads half as many.
  private static final int MOST_ARROWS = 60;
  private static final String ANSWER = "<!-- answer -->";
  private static final String ANSWER_END = "<!-- /answer -->";
  private static final UnaryOperator<String> CLIPPED = PullRequestComment::clip;

  private PullRequestComment() {}

  /// One data project of the pull request.
  ///
  /// @param proof the rehearsal's part, as markdown of this room; empty without one
  public record Project(PlanReport report, Readiness readiness, String proof, Delivery delivery) {}

  /// How the generated files get into the branch.
  public sealed interface Delivery {
    /// They are there, or there are none.
    record Nothing() implements Delivery {}

    /// We have committed them.
    ///
    /// @param commit 40 hex digits
    /// @param starts what starts the CI for it
    record Committed(String commit, Starts starts) implements Delivery {}

    /// A person has to apply a patch.
    ///
    /// @param because why we didn't commit, one sentence; hostile
    /// @param file its path in the workflow's workspace
    record Patch(String because, String file) implements Delivery {}
  }

  /// What makes the CI run on a commit of ours.
  public enum Starts {
    /// GitHub does: the token was an App's or a person's.
    PUSH,
    /// We have dispatched its workflow.
    DISPATCH,
    /// A person has to push once: commits of a workflow's own token start nothing.
    PERSON
  }

  /// Around the plans.
  ///
  /// @param key tells several comments of ours on one pull request apart; may be empty
  /// @param notes sentences about this run (a fork, a missing permission); hostile
  /// @param reportFile where the whole report is, as people find it
  /// @param run the workflow run's address; may be empty
  /// @param fork the pull request comes from one, where nothing can be rehearsed
  public record Page(String key, List<String> notes, String reportFile, String run, boolean fork) {
    public Page {
      notes = List.copyOf(notes);
    }

    /// Of a branch of this repository.
    public Page(String key, List<String> notes, String reportFile, String run) {
      this(key, notes, reportFile, run, /* fork= */ false);
    }

    public Page ofFork() {
      return new Page(key, notes, reportFile, run, /* fork= */ true);
    }
  }

  /// How a comment of ours begins. Says which one of several it is and nothing else.
  public static String marker(String key) {
    return "<!-- tinybird-backfill"
        + key.replaceAll("[^A-Za-z0-9_./]", "_").replaceAll("^(?=.)", " ")
        + " -->";
  }

  /// A pull request's plans.
  public static String write(List<Project> projects, Page page) {
    var shown = projects.stream().filter(p -> p.report().plan().verdict() != Verdict.NONE).toList();
    var body = new Budget(page.reportFile());
    body.always(marker(page.key()) + "\n" + headline(projects) + "\n\n");
    notes(page, body);
    for (var project : shown.isEmpty() ? projects : shown) {
      if (projects.size() > 1) {
        body.always("## Project " + Escape.code(clip(project.report().projectDir())) + "\n\n");
        body.always(headline(List.of(project)) + "\n\n");
      }
      project(project, page.fork(), body);
    }
    return body.end();
  }

  /// A project that can't be read.
  public static String unreadable(List<Problem> problems, Page page) {
    var body = new Budget(page.reportFile());
    body.always(
        marker(page.key())
            + "\n**Backfill: the project can't be read.** "
            + (problems.size() == 1 ? "One problem has" : problems.size() + " problems have")
            + " to be repaired before anything can be planned.\n\n");
    notes(page, body);
    body.items(
        9,
        "#### Problems\n\n",
        problems.stream().map(p -> PlanMarkdown.finding("", p, CLIPPED)).toList(),
        "problems");
    return body.end();
  }

  /// Something that isn't about the project's files: a setting, the outside, a bug.
  public static String stopped(String why, Page page) {
    var body = new Budget(page.reportFile());
    body.always(
        marker(page.key()) + "\n**Backfill: stopped.** " + Escape.prose(sentence(why)) + "\n\n");
    notes(page, body);
    return body.end();
  }

  /// The answer to a command that somebody gave in a comment, above what ours says already. It
  /// stays until the comment is written anew.
  ///
  /// @param old our comment as it is; empty when there is none yet
  /// @param command the word behind `/backfill`
  /// @param said markdown of this room
  /// @param failure why it wasn't carried out; hostile
  public static String answered(
      Optional<String> old, String command, String said, Optional<String> failure, Page page) {
    var text =
        failure.map(f -> "not done. " + Escape.prose(sentence(f)) + "\n\n").orElse("")
            + said.strip();
    var answer =
        ANSWER
            + "\n> `/backfill "
            + command
            + "`: "
            + clip(text.strip(), 4_000).replace("\n", "\n> ")
            + "\n"
            + ANSWER_END
            + "\n\n";
    var before = old.orElse(marker(page.key()) + "\n").replace("\r\n", "\n");
    var start = before.indexOf(ANSWER);
    var end = before.indexOf(ANSWER_END, Math.max(0, start));
    if (start >= 0 && end > 0) {
      before = before.substring(0, start) + before.substring(end + ANSWER_END.length() + 2);
    }
    var headline = before.indexOf("\n\n");
    var at = headline < 0 ? before.length() : headline + 2;
    return before.substring(0, at) + answer + before.substring(at);
  }

  /// A production run that is under way.
  ///
  /// @param lines the last lines of its progress; hostile
  public static String running(PlanCore core, List<String> lines, Instant at, Page page) {
    var body = new Budget(page.reportFile());
    body.always(
        marker(page.key())
            + "\n**Backfill: running.** The rows before the cutover are being copied; stopping the"
            + " job is safe.\n\n");
    notes(page, body);
    body.items(
        9, "", lines.stream().map(l -> "- " + Escape.prose(clip(l)) + "\n").toList(), "lines");
    migrations(core, body);
    body.always("<sub>As of " + Words.second(at) + "</sub>\n");
    return body.end();
  }

  /// The description of a pull request that ends a migration.
  public static String body(CleanupReport report) {
    return clip(report.markdown(), BUDGET - 100);
  }

  /// A production run that has ended.
  public static String ran(PlanCore core, Outcome outcome, Optional<Status> status, Page page) {
    var body = new Budget(page.reportFile());
    body.always(
        marker(page.key())
            + "\n**Backfill: "
            + switch (outcome) {
              case Outcome.Done _ -> "copied and proven.** Every new version holds its source.";
              case Outcome.NotReady no ->
                  "not ready.** "
                      + no.reasons().stream()
                          .map(r -> Escape.prose(clip(r)))
                          .collect(Collectors.joining(" "));
              case Outcome.ComeBackAt back ->
                  "to be continued, not before "
                      + Words.second(back.at())
                      + ".** "
                      + Escape.prose(clip(back.because()));
              case Outcome.Over over -> "nothing left to run.** " + Escape.prose(over.because());
              case Outcome.Planned _ -> "what a run would do.**";
            }
            + "\n\n");
    notes(page, body);
    migrations(core, body);
    if (!(outcome instanceof Outcome.ComeBackAt)) {
      body.whole(
          7, RunMarkdown.write(outcome).replaceFirst("### [^\n]*\n\n", "") + "\n", "the proof");
    }
    status.ifPresent(st -> next(st, body));
    return body.end();
  }

  /// Where a deployed migration stands.
  public static String standing(PlanCore core, Status status, Page page) {
    return standing(core, status, Optional.empty(), page);
  }

  /// @param opened number of the pull request that makes the next change
  public static String standing(PlanCore core, Status status, Optional<Integer> opened, Page page) {
    var body = new Budget(page.reportFile());
    body.always(
        marker(page.key())
            + "\n**Backfill: "
            + (status.finished()
                ? "finished.** Nothing is left to do.\n\n"
                : status.stuck()
                    ? "stuck.** Something has to be mended first.\n\n"
                    : "under way.** As of " + Words.second(status.asOf()) + ".\n\n"));
    notes(page, body);
    opened.ifPresent(n ->
        body.always(
            "**Next: merge #"
                + n
                + "**, and let CD deploy it."
                + (status.next().change() == Next.Change.REMOVE_OLD
                    ? " Then nothing is left to do."
                    : "")
                + "\n\n"));
    migrations(core, body);
    next(status, body);
    return body.end();
  }

  private static void next(Status status, Budget body) {
    body.whole(
        8,
        "#### What is next\n\n" + StatusReport.markdown(status, PullRequestComment::here) + "\n",
        "what is next");
  }

  /// A command line, as somebody says it in a comment or a workflow.
  private static String here(String words) {
    return words.startsWith("backfill run")
        ? "/backfill run"
        : words.startsWith("backfill cleanup")
            ? "workflow_dispatch with command: cleanup"
            : words.replaceAll("--confirm ([a-z_]+)", "`confirm: $1` in the workflow");
  }

  private static void project(Project project, boolean fork, Budget body) {
    var report = project.report();
    var plan = report.plan();
    body.items(
        8,
        "#### What changed, and what it asks for\n\n",
        plan.changes().stream().map(c -> PlanMarkdown.change(c, CLIPPED)).toList(),
        "changes");
    Words.moves(report).forEach(line -> body.always(Escape.prose(clip(line)) + "\n\n"));
    body.items(9, "#### Findings\n\n", PlanMarkdown.findings(report, CLIPPED), "findings");
    migrations(plan.core(), body);
    details(body, 2, "Why this way", PlanMarkdown.evidence(report));
    if (!plan.core().migrations().isEmpty()) {
      if (report.flows().after().arrows().size() <= MOST_ARROWS) {
        body.whole(5, PlanMarkdown.diagrams(report), "the diagrams");
      }
      if (!project.proof().isEmpty()) {
        body.whole(6, "#### Rehearsal and forecast\n\n" + project.proof() + "\n", "the rehearsal");
      }
    }
    if (!report.files().isEmpty()) {
      details(body, 3, "Generated files", PlanMarkdown.fileTable(report));
    }
    var commands =
        report.steps().stream().map(PlanReport.Step::command).filter(c -> !c.isEmpty()).toList();
    if (!commands.isEmpty()) {
      details(body, 4, "Exact commands", Escape.fence("bash", String.join("\n", commands)));
    }
    var acts = acts(project, fork);
    if (!acts.isEmpty()) {
      body.always("#### What is next\n\n" + String.join("", acts) + "\n");
    }
    body.always(
        "<sub>Head "
            + Escape.code(report.head())
            + ", base "
            + Escape.code(report.base())
            + (plan.core().migrations().isEmpty() ? "" : ", seal " + Escape.code(report.seal()))
            + "</sub>\n\n");
  }

  private static void migrations(PlanCore core, Budget body) {
    body.items(
        7,
        "#### Migrations\n\n" + PlanMarkdown.MIGRATIONS_HEAD,
        core.migrations().stream().map(PlanMarkdown::migration).toList(),
        "migrations");
    Words.cutover(core).ifPresent(t -> body.always(Escape.prose(clip(t, 1_000)) + "\n\n"));
  }

  private static void details(Budget body, int keep, String summary, String text) {
    if (!text.isEmpty()) {
      var out = new StringBuilder();
      PlanMarkdown.details(out, summary, text);
      body.whole(keep, out.toString(), "\"" + summary + "\"");
    }
  }

  private static void notes(Page page, Budget body) {
    for (var note : page.notes()) {
      body.always("> " + Escape.prose(clip(note)) + "\n\n");
    }
  }

  /// The verdict on one line.
  static String headline(List<Project> projects) {
    var worst = Readiness.worst(projects.stream().map(Project::readiness).toList());
    var first =
        projects.stream()
            .filter(p -> p.readiness().state() == worst.state())
            .max(java.util.Comparator.comparing(p -> p.report().plan().verdict()));
    var meaning = first.map(p -> Escape.prose(clip(Words.meaning(p.report())))).orElse("");
    return switch (worst.state()) {
      case NOT_NEEDED ->
          "**Backfill: "
              + first
                  .map(p -> Words.verdict(p.report().plan().verdict()))
                  .orElse("nothing to migrate")
              + ".** "
              + meaning;
      case READY -> "**Backfill: ready to merge.** " + meaning + " " + prose(worst);
      case UNREHEARSED -> "**Backfill: planned, not rehearsed yet.** " + meaning;
      case INCOMPLETE -> "**Backfill: action needed.** " + meaning + " " + prose(worst);
      case MOVED, UNPROVEN -> "**Backfill: not ready.** " + prose(worst);
      case UNDECIDED -> "**Backfill: blocked.** " + prose(worst);
      case REFUSED -> "**Backfill: refused.** " + prose(worst);
      case UNREADABLE -> "**Backfill: the project can't be read.** " + prose(worst);
    };
  }

  private static String prose(Readiness readiness) {
    return Escape.prose(clip(readiness.because(), 1_000));
  }

  /// Who does what, at most five lines.
  private static List<String> acts(Project project, boolean fork) {
    var report = project.report();
    var out = new ArrayList<String>();
    var open = false;
    if (!report.plan().core().migrations().isEmpty()
        && report.plan().obstacles().isEmpty()
        && report.plan().verdict() != Verdict.REFUSE) {
      open = files(project, out);
    }
    for (var step : report.steps()) {
      if (step.id().equals("generate") || out.size() == MOST_ACTS) {
        continue;
      }
      if (step.id().equals("change")) {
        refused(report, out);
        continue;
      }
      if (step.id().equals("rehearse") && fork) {
        out.add(
            "- [ ] "
                + (open ? "you, then" : "**you, now**")
                + ": somebody with write permission pushes this branch to the repository itself and"
                + " opens the pull request from there; only then can it be rehearsed\n");
        open = true;
        continue;
      }
      var rehearsed =
          step.id().equals("rehearse") && project.readiness().state() == Readiness.State.READY;
      if (rehearsed) {
        out.add("- [x] we: rehearsed, and proven\n");
        continue;
      }
      var command =
          step.id().equals("rehearse")
              ? ", after the CI's tests, or on the comment `/backfill rehearse`"
              : "";
      out.add(
          "- [ ] "
              + (open ? step.by() + ", then" : "**" + step.by() + ", now**")
              + ": "
              + Escape.prose(clip(step.title()))
              + command
              + "\n");
      open = true;
    }
    return out;
  }

  /// The way out of a refusal: the rest of the pull request can be planned without it.
  private static void refused(PlanReport report, List<String> out) {
    var files =
        report.plan().changes().stream()
            .filter(c -> c.impact() == Impact.REFUSE)
            .map(JudgedChange::file)
            .distinct()
            .toList();
    out.add(
        "- [ ] **you, now**: take back what is marked **refuse**, and push"
            + (files.isEmpty() || files.size() > 3
                ? ""
                : "; where the file was there before: "
                    + Escape.code(
                        clip(
                            "git restore --source "
                                + report.base().substring(0, Math.min(10, report.base().length()))
                                + " -- "
                                + files.stream()
                                    .map(f ->
                                        Escape.shell(
                                            report.projectDir().equals(".")
                                                ? f
                                                : report.projectDir() + "/" + f))
                                    .collect(Collectors.joining(" ")))))
            + "\n");
    out.add(
        "- [ ] you, then: what is left is planned as usual. What was taken back goes into a pull"
            + " request of its own, in steps that the reasons above allow\n");
  }

  /// @return whether somebody still has to act
  private static boolean files(Project project, List<String> out) {
    return switch (project.delivery()) {
      case Delivery.Nothing _ when project.report().generated() -> {
        out.add("- [x] the files of the plan are in the branch\n");
        yield false;
      }
      case Delivery.Nothing _ -> {
        out.add("- [ ] **you, now**: write the files with `backfill generate` and commit them\n");
        yield true;
      }
      case Delivery.Committed(var commit, var starts) -> {
        var made = "we: committed the files as " + Escape.code(commit.substring(0, 10));
        yield switch (starts) {
          case PUSH -> {
            out.add("- [x] " + made + "\n");
            yield false;
          }
          case DISPATCH -> {
            out.add("- [x] " + made + " and started the CI for it\n");
            yield false;
          }
          case PERSON -> {
            out.add(
                "- [ ] **you, now**: push once, so that the CI runs ("
                    + made
                    + ", and GitHub starts nothing for commits of this token):"
                    + " `git pull && git commit --allow-empty -m \"Start the CI\" && git push`\n");
            yield true;
          }
        };
      }
      case Delivery.Patch(var because, var file) -> {
        out.add(
            "- [ ] **you, now**: apply the patch of this run's artifact and push: `git apply --index "
                + file.substring(file.lastIndexOf('/') + 1)
                + " && git commit -m \"Backfill\" && git push` ("
                + Escape.prose(clip(because))
                + ")\n");
        yield true;
      }
    };
  }

  private static String sentence(String text) {
    return clip(
        text.isEmpty() ? "" : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1),
        2_000);
  }

  /// What comes from a pull request, shortened before it is escaped.
  static String clip(String text) {
    return clip(text, CLIP);
  }

  private static String clip(String text, int most) {
    if (text.codePointCount(0, text.length()) <= most) {
      return text;
    }
    var cut = text.substring(0, text.offsetByCodePoints(0, most));
    // half a pair of backticks would turn code into prose
    return (cut.chars().filter(c -> c == '`').count() % 2 == 0 ? cut : cut + "`") + " …";
  }

  /// Lays parts out in order and leaves the least needed out when the whole doesn't fit.
  private static final class Budget {
    private final String reportFile;
    private final List<Part> parts = new ArrayList<>();

    Budget(String reportFile) {
      this.reportFile = reportFile;
    }

    /// @param keep the higher the longer it stays
    private record Part(int keep, String head, List<String> items, String what, boolean list) {}

    void always(String text) {
      parts.add(new Part(Integer.MAX_VALUE, text, List.of(), "", false));
    }

    void whole(int keep, String text, String what) {
      parts.add(new Part(keep, "", List.of(text), what, false));
    }

    /// A list or table that may be cut behind an item.
    void items(int keep, String head, List<String> items, String what) {
      if (!items.isEmpty()) {
        parts.add(new Part(keep, head, items, what, true));
      }
    }

    String end() {
      var room = BUDGET;
      var texts = new String[parts.size()];
      // Every part's shortest form first: there is always room for saying what is missing.
      for (var i = 0; i < texts.length; i++) {
        texts[i] = text(parts.get(i), 0);
        room -= length(texts[i]);
      }
      var order =
          java.util.stream.IntStream.range(0, texts.length)
              .boxed()
              .sorted(java.util.Comparator.comparingInt((Integer i) -> -parts.get(i).keep()))
              .toList();
      for (var i : order) {
        var part = parts.get(i);
        var free = room + length(texts[i]);
        var fits = fits(part, free);
        texts[i] = text(part, fits);
        room = free - length(texts[i]);
      }
      return String.join("", texts).stripTrailing() + "\n";
    }

    private int fits(Part part, int free) {
      var used = length(text(part, 0)) + length(part.head()) + 2;
      for (var n = 0; n < part.items().size(); n++) {
        used += length(part.items().get(n));
        if (used > free) {
          // all of them need no word about the rest
          return n + 1 == part.items().size() && length(text(part, n + 1)) <= free ? n + 1 : n;
        }
      }
      return part.items().size();
    }

    private String text(Part part, int shown) {
      if (part.items().isEmpty()) {
        return part.head();
      }
      var left = part.items().size() - shown;
      if (left == 0) {
        return part.head() + String.join("", part.items()) + (part.list() ? "\n" : "");
      }
      var rest =
          part.list()
              ? Words.number(left) + (shown > 0 ? " more " : " ") + part.what()
              : Character.toUpperCase(part.what().charAt(0)) + part.what().substring(1);
      return (shown == 0
              ? ""
              : part.head() + String.join("", part.items().subList(0, shown)) + "\n")
          + "**"
          + rest
          + (part.list() ? " don't fit here" : " didn't fit here")
          + "**: see "
          + Escape.code(reportFile)
          + " of this run.\n\n";
    }

    private static int length(String text) {
      return text.codePointCount(0, text.length());
    }
  }

  /// Which comment of ours it is when a workflow names a project.
  public static String key(Optional<String> projectDir) {
    return projectDir.orElse("");
  }
}
