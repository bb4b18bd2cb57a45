package dev.backfill.journey;

import dev.backfill.change.Verdict;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Plan;
import dev.backfill.plan.Scenario;
import dev.backfill.report.PlanReport.By;
import dev.backfill.report.PlanReport.FileStatus;
import dev.backfill.report.PlanReport.Presence;
import dev.backfill.report.PlanReport.Step;
import java.util.List;

/// What is left to do, as far as two revisions can tell.
final class Steps {
  private Steps() {}

  static List<Step> of(
      Plan plan, List<FileStatus> files, PlanJourney.Request request, String projectDir) {
    return switch (plan.verdict()) {
      case NONE -> List.of();
      case IN_PLACE -> List.of(merge("the deploy altered the live Data Sources"));
      case CLEANUP -> List.of(merge("the deploy removed the leftovers"));
      case ALREADY_VERSIONED -> List.of(merge("the deploy ran"));
      case REFUSE ->
          List.of(
              new Step(
                  "change",
                  "take back or split what is refused",
                  By.YOU,
                  plan(request, projectDir),
                  "the verdict is another one"));
      case VERSION -> versioned(plan, files, request, projectDir);
    };
  }

  private static Step merge(String doneWhen) {
    return new Step("merge", "merge and deploy as usual", By.YOU, "", doneWhen);
  }

  private static List<Step> versioned(
      Plan plan, List<FileStatus> files, PlanJourney.Request request, String projectDir) {
    if (plan.verdict() == Verdict.VERSION && !plan.obstacles().isEmpty()) {
      return List.of(
          new Step(
              "decide",
              "answer what stops `generate`",
              By.YOU,
              plan(request, projectDir),
              "no finding stops `generate`"));
    }
    var version = plan.core().version();
    var planFile =
        (projectDir.equals(".") ? "" : projectDir + "/") + "deploy/" + version + "/plan.json";
    var steps = new java.util.ArrayList<Step>();
    var ways = new Ways(plan.core().direct());
    if (files.stream().anyMatch(f -> f.status() != Presence.CURRENT)) {
      steps.add(
          new Step(
              "generate",
              "write the files of the plan and commit them",
              By.YOU,
              command("generate", request, projectDir),
              "every file of the plan is current in head"));
    }
    steps.add(
        new Step(
            "rehearse",
            "rehearse in the pull request's branch of the workspace",
            By.WE,
            "backfill rehearse --plan "
                + Words.shell(planFile)
                + " --pr "
                + request.pullRequest().map(String::valueOf).orElse("NUMBER"),
            ways.dated()
                ? "the branch's target holds its source, and rows past T arrived"
                : "the rehearsal ends with exit status 0"));
    steps.add(
        new Step(
            "merge",
            "merge, and deploy with `deploy/" + version + "/deploy.sh`",
            By.YOU,
            "",
            ways.deployed()));
    if (!ways.first().isEmpty()) {
      steps.add(
          new Step(
              "producers",
              "point every producer at " + String.join(", ", ways.first()) + ", none at both",
              By.YOU,
              "backfill status --plan " + Words.shell(planFile),
              "nobody writes to the old version any more"));
    }
    steps.add(
        new Step(
            "run",
            ways.run(),
            By.WE,
            "backfill run --plan " + Words.shell(planFile),
            "the proof holds for every target"));
    steps.add(
        new Step(
            "switch",
            ways.after(!plan.readers().isEmpty()),
            By.YOU,
            plan.readers().isEmpty()
                ? "backfill status --plan " + Words.shell(planFile)
                : "backfill cleanup --plan " + Words.shell(planFile),
            "nothing reads or writes the old version"));
    return List.copyOf(steps);
  }

  /// What is left to do in the ways that a plan goes.
  private record Ways(List<Migration> migrations) {
    /// A column says which rows are whose.
    boolean dated() {
      return has(Scenario.STREAMING_TIMESTAMP);
    }

    String deployed() {
      return dated()
          ? "the sync pipe is live and its T is still to come"
          : has(Scenario.DELTA)
              ? "the sync pipe is live and the instant S of its take-over is still to come"
              : has(Scenario.POPULATE)
                  ? "the sync pipe is live and the new version is populated"
                  : "the new version is there";
    }

    /// Names that producers have to know before anything is copied.
    List<String> first() {
      return migrations.stream()
          .filter(m ->
              m.scenario() == Scenario.MOVE_INGESTION || m.scenario() == Scenario.NOT_PRODUCTION)
          .map(m -> "`" + m.target() + "`")
          .toList();
    }

    String run() {
      return dated()
          ? "copy the rows before T and prove both sides equal"
          : has(
                  Scenario.DELTA,
                  Scenario.MOVE_INGESTION,
                  Scenario.KAFKA_TWIN,
                  Scenario.FULL_REPLACEMENT)
              ? "copy the rows that are there and prove both sides equal"
              : has(Scenario.POPULATE)
                  ? "add what the populate missed and prove both sides equal"
                  : has(Scenario.RELOAD)
                      ? "prove that both versions hold the same load, as soon as both have had one"
                      : "look that everything is in its place; nothing is copied";
    }

    String after(boolean readers) {
      var switched = "switch the readers to the new version";
      if (has(Scenario.FULL_REPLACEMENT)) {
        var loader = "point the loader at the new version";
        return (readers ? switched + " and " + loader : loader) + ", between two loads";
      }
      if (has(Scenario.STREAMING_TIMESTAMP, Scenario.DELTA, Scenario.POPULATE)) {
        return readers
            ? switched + ", then the producers"
            : "move the producers to the new version";
      }
      return readers ? switched : "look when the old version may go";
    }

    private boolean has(Scenario... scenarios) {
      return migrations.stream().anyMatch(m -> List.of(scenarios).contains(m.scenario()));
    }
  }

  private static String plan(PlanJourney.Request request, String projectDir) {
    return command("plan", request, projectDir);
  }

  private static String command(String verb, PlanJourney.Request request, String projectDir) {
    var out = new StringBuilder("backfill ").append(verb);
    if (!projectDir.equals(".")) {
      out.append(" --project-dir ").append(Words.shell(projectDir));
    }
    request.base().ifPresent(b -> out.append(" --base ").append(Words.shell(b)));
    request
        .pinned()
        .ifPresentOrElse(
            at -> out.append(" --cutover ").append(at),
            () -> request.lead().ifPresent(l -> out.append(" --cutover +").append(l)));
    return out.toString();
  }

  /// For words of a command line.
  private static final class Words {
    static String shell(String text) {
      return text.matches("[A-Za-z0-9_./:=+,~^@-]+") && !text.startsWith("-")
          ? text
          : "'" + text.replace("'", "'\\''") + "'";
    }
  }
}
