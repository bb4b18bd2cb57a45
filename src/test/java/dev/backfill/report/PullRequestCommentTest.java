package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.change.Verdict;
import dev.backfill.plan.Plan;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.report.PullRequestComment.Delivery;
import dev.backfill.report.PullRequestComment.Project;
import dev.backfill.run.Outcome;
import dev.backfill.run.Rehearsed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PullRequestCommentTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
  private static final PullRequestComment.Page PAGE =
      new PullRequestComment.Page("", List.of(), "backfill-report/report.md", "");

  @Test
  void isTheCommentInFourStates() {
    for (var state :
        Map.of("none", none(), "planned", planned(), "ready", ready(), "refused", refused())
            .entrySet()) {
      var name = "comment-" + state.getKey() + ".md";
      assertThat(state.getValue()).as(name).isEqualTo(Golden.read(name, state.getValue()));
    }
  }

  static String none() {
    return PullRequestComment.write(
        List.of(
            project(
                bare(Samples.report(empty(Verdict.NONE)), List.of()),
                new Readiness.Proof.None(),
                "")),
        PAGE);
  }

  static String planned() {
    return PullRequestComment.write(
        List.of(
            new Project(
                stepped(Samples.report()),
                Readiness.of(Samples.report(), new Readiness.Proof.None(), List.of(), NOW),
                "",
                new Delivery.Patch(
                    "the branch lives in a fork", "backfill-report/backfill.patch"))),
        PAGE);
  }

  static String ready() {
    var rehearsed = rehearsed();
    var report = stepped(Samples.report()).committed("b".repeat(40));
    return PullRequestComment.write(
        List.of(
            project(report, new Readiness.Proof.Now(rehearsed), RunMarkdown.section(rehearsed))),
        PAGE);
  }

  static String refused() {
    var plan = empty(Verdict.REFUSE);
    var refused =
        new Plan(
            Verdict.REFUSE,
            plan.core(),
            List.of(
                new dev.backfill.change.JudgedChange(
                    "datasources/analytics_events.datasource",
                    4,
                    "analytics_events",
                    "column_dropped",
                    "payload String",
                    "",
                    dev.backfill.change.Impact.REFUSE,
                    true,
                    "`top_pages` still selects it.")),
            List.of(),
            List.of(),
            List.of(),
            Map.of());
    return PullRequestComment.write(
        List.of(
            project(
                bare(
                    Samples.report(refused),
                    List.of(
                        step("change", "take back or split what is refused", PlanReport.By.YOU))),
                new Readiness.Proof.None(),
                "")),
        PAGE);
  }

  private static PlanReport stepped(PlanReport report) {
    return with(
        report,
        report.files(),
        List.of(
            step("generate", "write the files of the plan and commit them", PlanReport.By.YOU),
            step(
                "rehearse",
                "rehearse in the pull request's branch of the workspace",
                PlanReport.By.WE),
            step("merge", "merge, and deploy with `deploy/0.0.1/deploy.sh`", PlanReport.By.YOU),
            step("run", "copy the rows before T and prove both sides equal", PlanReport.By.WE),
            step(
                "switch",
                "switch the readers to the new version, then the producers",
                PlanReport.By.YOU)));
  }

  private static PlanReport bare(PlanReport report, List<PlanReport.Step> steps) {
    return with(report, List.of(), steps);
  }

  private static PlanReport with(
      PlanReport report, List<PlanReport.FileStatus> files, List<PlanReport.Step> steps) {
    return new PlanReport(
        report.base(),
        report.head(),
        report.projectDir(),
        report.seal(),
        report.plan(),
        files,
        report.flows(),
        steps);
  }

  private static PlanReport.Step step(String id, String title, PlanReport.By by) {
    return new PlanReport.Step(id, title, by, "backfill " + id, "it is done");
  }

  private static Rehearsed rehearsed() {
    return new Rehearsed(
        "tmp_ci__42",
        "id",
        List.of(
            new Rehearsed.Target(
                "analytics_events_1",
                new Outcome.Figures(
                    "analytics_events_1", 12, 12, 120_000, 3, Duration.ofSeconds(4)),
                10,
                "2026-06-01 12:30:00 to 12:30:09",
                10,
                Optional.empty(),
                new Rehearsed.Forecast(9_500_000, 95, Optional.of(Duration.ofMinutes(6))))),
        true,
        List.of());
  }

  @Test
  void tenMegabytesOfFindingsAreOneCommentThatSaysHowManyItLeavesOut() {
    var findings = new ArrayList<Problem>();
    for (var i = 0; i < 20_000; i++) {
      findings.add(
          Problem.warning(
              "late_rows_possible",
              Place.of("datasources/d" + i + ".datasource", i + 1),
              "x".repeat(500),
              ""));
    }
    var report = Samples.report(with(findings));
    assertThat(PlanMarkdown.write(report, "").length()).isGreaterThan(10_000_000);

    var comment =
        PullRequestComment.write(List.of(project(report, new Readiness.Proof.None(), "")), PAGE);

    assertThat(comment.codePointCount(0, comment.length()))
        .isBetween(40_000, PullRequestComment.BUDGET);
    var shown = comment.lines().filter(l -> l.startsWith("- `late_rows_possible`")).count();
    assertThat(shown).isPositive();
    assertThat(comment)
        .contains(
            String.format(
                java.util.Locale.ROOT, "**%,d more findings don't fit here**", 20_000 - shown))
        .contains("see `backfill-report/report.md`", "#### What is next", "seal `sha256:");
    var fences = comment.lines().filter(l -> l.startsWith("```")).count();
    assertThat(fences % 2).as("no fence is left open").isZero();
    assertThat(Pattern.compile("<details>").matcher(comment).results().count())
        .isEqualTo(Pattern.compile("</details>").matcher(comment).results().count());
  }

  @Test
  void oneFindingOfTenMegabytesIsShortenedAndNothingElse() {
    var report =
        Samples.report(
            with(
                List.of(
                    Problem.warning(
                        "late_rows_possible",
                        Place.of("d.datasource", 1),
                        "`a` ".repeat(2_500_000),
                        ""))));

    var comment =
        PullRequestComment.write(List.of(project(report, new Readiness.Proof.None(), "")), PAGE);

    assertThat(comment.length()).isLessThan(PullRequestComment.BUDGET);
    assertThat(comment).contains("#### Findings", " …", "```mermaid").doesNotContain("fit here");
  }

  @Test
  void whatIsLeastNeededGoesFirst() {
    var findings = new ArrayList<Problem>();
    for (var i = 0; i < 115; i++) {
      findings.add(Problem.warning("late_rows_possible", Place.of("d" + i), "y".repeat(460), ""));
    }
    var comment =
        PullRequestComment.write(
            List.of(project(Samples.report(with(findings)), new Readiness.Proof.None(), "")), PAGE);
    var shown = comment.lines().filter(l -> l.startsWith("- `late_rows_possible`")).count();
    assertThat(shown).as("findings stay").isEqualTo(115);
    assertThat(comment.length()).isLessThanOrEqualTo(PullRequestComment.BUDGET);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<script>alert(1)</script>",
        "</details><h1>ready</h1>",
        "![x](https://evil.example/x.png)",
        "[click](javascript:alert(1))",
        "@octocat @org/team",
        "fixes #1, GH-2, org/repo#3",
        "https://evil.example www.evil.example",
        "a | b \\| c \\\\| <img src=x>",
        "`` ` ``` `<img src=x>",
        "line\n\n# heading\r\n| row |",
        "```\n<img src=x>\n```",
        "<!-- tinybird-backfill -->",
        "<!-- rehearsal x --> <!-- /rehearsal -->",
        "\u202egnp.exe\u001b[31m",
      })
  void nothingFromAPullRequestBecomesMarkup(String hostile) {
    var problem = Problem.error("o", new Place(hostile, 1, 0), hostile, hostile);
    var report = PlanMarkdownTest.hostile(hostile);
    var readiness = new Readiness(Readiness.State.UNPROVEN, hostile);
    var page =
        new PullRequestComment.Page(hostile, List.of(hostile), "backfill-report/report.md", "");
    var core = report.plan().core();

    for (var comment :
        List.of(
            PullRequestComment.write(
                List.of(
                    new Project(
                        report,
                        readiness,
                        "",
                        new Delivery.Patch(hostile, "backfill-report/backfill.patch")),
                    new Project(report, readiness, "", new Delivery.Nothing())),
                page),
            PullRequestComment.unreadable(List.of(problem), page),
            PullRequestComment.stopped(hostile, page),
            PullRequestComment.running(core, List.of(hostile), NOW, page),
            PullRequestComment.ran(
                core,
                new Outcome.NotReady(List.of(hostile), List.of(), List.of()),
                Optional.empty(),
                page),
            PullRequestComment.answered(Optional.empty(), "abandon", "", Optional.of(hostile), page)
                .replaceAll("<!-- /?answer -->", ""),
            PullRequestComment.write(
                List.of(new Project(report, readiness, "", new Delivery.Nothing())), page.ofFork()),
            CheckText.readiness(readiness).summary(),
            CheckText.unreadable(List.of(problem)).summary(),
            CheckText.stopped(hostile).summary())) {
      var fences = Pattern.compile("(?ms)^(`{3,})[a-z]*\\n.*?^\\1$");
      var prose =
          fences
              .matcher(comment)
              .replaceAll("")
              .replaceFirst("^<!-- tinybird-backfill[ A-Za-z0-9_./]* -->", "")
              .replaceAll("<code>[\\p{L}\\p{N}&#;]*</code>", "")
              .replaceAll("(?<![\\\\`])`[^`\\n|]+`(?!`)", "");
      assertThat(prose.replaceAll("</?(details|summary|sub)>", "")).doesNotContainPattern("<[^ ]");
      assertThat(prose).doesNotContainPattern("(?<!\\\\)[\\[\\]]\\(");
      assertThat(prose).doesNotContainPattern("@[A-Za-z]").doesNotContainPattern("(?<!&)#[0-9]");
      assertThat(prose).doesNotContain("://").doesNotContain("www.").doesNotContain("GH-2");
      assertThat(prose).doesNotContain("\u202e").doesNotContain("\u001b");
      assertThat(comment.lines().filter(l -> l.startsWith("# "))).isEmpty();
    }
  }

  @Test
  void everyStateHasItsLine() {
    for (var state : Readiness.State.values()) {
      var project =
          new Project(
              Samples.report(), new Readiness(state, "because."), "", new Delivery.Nothing());
      assertThat(PullRequestComment.headline(List.of(project)))
          .startsWith("**Backfill: ")
          .doesNotContain("\n");
      var text = CheckText.readiness(List.of(project));
      assertThat(text.conclusion() == CheckText.Conclusion.SUCCESS)
          .as(state.toString())
          .isEqualTo(state == Readiness.State.NOT_NEEDED || state == Readiness.State.READY);
    }
  }

  @Test
  void onlyProofOfRowsIsReady() {
    var report = Samples.report().committed("b".repeat(40));
    var good = rehearsed();
    var target = good.targets().getFirst();
    var nothingCopied =
        new Rehearsed.Target(
            target.target(),
            new Outcome.Figures(target.target(), 1, 0, 0, 0, Duration.ZERO),
            10,
            target.mark(),
            10,
            Optional.empty(),
            target.forecast());

    assertThat(state(report, new Readiness.Proof.Now(good), List.of()))
        .isEqualTo(Readiness.State.READY);
    assertThat(state(report, new Readiness.Proof.Earlier(report.seal()), List.of()))
        .isEqualTo(Readiness.State.READY);
    assertThat(state(report, new Readiness.Proof.Earlier("sha256:other"), List.of()))
        .isEqualTo(Readiness.State.MOVED);
    assertThat(state(report, new Readiness.Proof.Earlier(report.seal()), List.of("pipe x")))
        .isEqualTo(Readiness.State.MOVED);
    assertThat(state(report, new Readiness.Proof.None(), List.of()))
        .isEqualTo(Readiness.State.UNREHEARSED);
    assertThat(state(Samples.report(), new Readiness.Proof.Now(good), List.of()))
        .as("files missing")
        .isEqualTo(Readiness.State.INCOMPLETE);
    for (var bad :
        List.of(
            new Rehearsed("b", "i", List.of(target), false, List.of("no")),
            new Rehearsed("b", "i", List.of(), true, List.of()),
            new Rehearsed("b", "i", List.of(nothingCopied), true, List.of()))) {
      assertThat(state(report, new Readiness.Proof.Now(bad), List.of()))
          .isEqualTo(Readiness.State.UNPROVEN);
    }
  }

  private static Readiness.State state(
      PlanReport report, Readiness.Proof proof, List<String> moved) {
    return Readiness.of(report, proof, moved, NOW).state();
  }

  private static Project project(PlanReport report, Readiness.Proof proof, String text) {
    return new Project(
        report, Readiness.of(report, proof, List.of(), NOW), text, new Delivery.Nothing());
  }

  private static Plan with(List<Problem> warnings) {
    var plan = Samples.report().plan();
    return new Plan(
        plan.verdict(),
        plan.core(),
        plan.changes(),
        plan.readers(),
        warnings,
        List.of(),
        plan.evidence());
  }

  private static Plan empty(Verdict verdict) {
    var core = Samples.core(Optional.empty()).without(_ -> true);
    return new Plan(verdict, core, List.of(), List.of(), List.of(), List.of(), Map.of());
  }
}
