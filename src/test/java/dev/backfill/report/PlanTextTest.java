package dev.backfill.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.change.JudgedChange;
import dev.backfill.plan.Plan;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanTextTest {
  @Test
  void isWhatATerminalShows() {
    var text = PlanText.write(Samples.report(), Style.PLAIN);

    assertThat(text).isEqualTo(Golden.read("plan.txt", text));
  }

  @Test
  void theHeadSaysThatNothingIsGeneratedAndWhere() {
    var report = Samples.report();
    var plan = report.plan();
    var place = new Place("datasources/a.datasource", 3, 5);
    var stopped =
        report.showing(
            new Plan(
                plan.verdict(),
                plan.core(),
                plan.changes(),
                plan.readers(),
                List.of(
                    Problem.warning("history_outlives_origin", place, "It is gone.", "Accept it."),
                    Problem.warning("late_rows_possible", place, "Late.", "")),
                List.of(
                    Problem.error("history_outlives_origin", place, "It is gone.", "Accept it."),
                    Problem.error("second_feed", Place.NOWHERE, "Twice.", "")),
                plan.evidence()),
            List.of());

    var text = PlanText.write(stopped, Style.PLAIN);

    assertThat(text.lines().findFirst().orElseThrow())
        .startsWith(
            "a new version is needed, and generate refuses because of datasources/a.datasource:3"
                + " (history_outlives_origin) and 1 more: ");
    assertThat(text).containsOnlyOnce("It is gone.").containsOnlyOnce("Late.");
    assertThat(PlanMarkdown.write(stopped, ""))
        .contains("**`generate` refuses** because of datasources/a.datasource:3")
        .containsOnlyOnce("It is gone.");
    assertThat(PlanText.write(report, Style.PLAIN)).doesNotContain("generate refuses");
  }

  @Test
  void aLongQueryIsCut() {
    var report = Samples.report();
    var plan = report.plan();
    var c = plan.changes().getFirst();
    var longer =
        new JudgedChange(
            c.file(),
            c.line(),
            c.resource(),
            c.kind(),
            "a" + "😀".repeat(400),
            "b".repeat(160),
            c.impact(),
            c.destructive(),
            c.reason());

    var text =
        PlanText.write(
            report.showing(
                new Plan(
                    plan.verdict(),
                    plan.core(),
                    List.of(longer),
                    plan.readers(),
                    plan.warnings(),
                    plan.obstacles(),
                    plan.evidence()),
                report.steps()),
            Style.PLAIN);

    assertThat(text).contains(": a" + "😀".repeat(158) + "… -> " + "b".repeat(160) + "\n");
  }

  @Test
  void coloursOnlyWhereAsked() {
    assertThat(PlanText.write(Samples.report(), Style.PLAIN)).doesNotContain("\u001b");
    assertThat(PlanText.write(Samples.report(), Style.COLOUR)).contains("\u001b[33m");
  }

  @Test
  void noControlCharacterReachesTheTerminal() {
    assertThat(Escape.line("a\u001b[2Jb\u0007c\nd\u202ee\u009b"))
        .isEqualTo("a\\u001b[2Jb\\u0007c d\\u202ee\\u009b");
  }
}
