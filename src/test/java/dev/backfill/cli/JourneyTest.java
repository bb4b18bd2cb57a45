package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.report.PlanSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `check`, `plan` and `generate` on the specification's own example.
class JourneyTest {
  @TempDir Path folder;

  @Test
  void checkIsContentWithASoundProject() {
    Analytics.base(folder).close();

    var result = Cli.in(folder).run("check");

    assertThat(result.status()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("1 Data Sources, 1 Pipes, no error");
  }

  @Test
  void anUnchangedProjectNeedsNothing() {
    Analytics.base(folder).close();

    var plan = plan();

    assertThat(plan.path("verdict").asString()).isEqualTo("none");
    assertThat(Cli.in(folder).run("generate").status()).isZero();
    assertThat(folder.resolve("deploy")).doesNotExist();
  }

  @Test
  void aSortingKeyNeedsANewVersionAndTheOutputKeepsTheSchema() {
    Analytics.changed(folder).close();

    var result = Cli.in(folder).run("plan", "--format", "json");

    assertThat(result.status()).as(result.err()).isZero();
    assertThat(PlanSchema.errors(result.out())).isEmpty();
    var plan = new JsonMapper().readTree(result.out());
    assertThat(plan.path("verdict").asString()).isEqualTo("version");
    assertThat(plan.path("head").asString()).isEqualTo("WORKTREE");
    assertThat(plan.at("/changes/0/kind").asString()).isEqualTo("sorting_key");
    assertThat(plan.at("/migrations/0/target").asString()).isEqualTo("analytics_events_1");
    assertThat(plan.at("/migrations/0/timestampColumn").asString()).isEqualTo("timestamp");
    assertThat(plan.path("files")).isNotEmpty();
    assertThat(plan.path("files"))
        .allSatisfy(f -> assertThat(f.path("status").asString()).isNotEqualTo("current"));
    assertThat(plan.at("/steps/0/id").asString()).isEqualTo("generate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "json", "markdown"})
  void theSameTwiceGivesTheSameBytes(String format) {
    Analytics.changed(folder).close();

    assertThat(Cli.in(folder).run("plan", "--format", format))
        .isEqualTo(Cli.in(folder).run("plan", "--format", format));
  }

  @Test
  void generateWritesWhatThePlanSaysAndASecondTimeNothing() throws IOException {
    Analytics.changed(folder).close();
    var before = plan();
    assertThat(Cli.in(folder).run("generate", "--check").status()).isEqualTo(1);

    var first = Cli.in(folder).run("generate");

    assertThat(first.status()).as(first.err()).isZero();
    assertThat(first.out()).contains("files written", "wrote " + planFile(before));
    assertThat(folder.resolve(planFile(before))).isRegularFile();
    assertThat(
            Files.isExecutable(folder.resolve(planFile(before).replace("plan.json", "deploy.sh"))))
        .isTrue();
    var again = Cli.in(folder).run("generate");
    assertThat(again.status()).as(again.err()).isZero();
    assertThat(again.out()).isEqualTo("every file is as it should be\n");
    assertThat(Cli.in(folder).run("generate", "--check").status()).isZero();
    var after = plan();
    assertThat(after.path("verdict")).isEqualTo(before.path("verdict"));
    assertThat(after.path("seal")).isEqualTo(before.path("seal"));
    assertThat(after.path("migrations")).isEqualTo(before.path("migrations"));
    assertThat(after.path("files"))
        .allSatisfy(f -> assertThat(f.path("status").asString()).isEqualTo("current"));
  }

  @Test
  void theSealSurvivesTheCommit() {
    var repository = Analytics.base(folder);
    repository.checkout("topic");
    repository.write("datasources/analytics_events.datasource", Analytics.CHANGED);
    assertThat(Cli.in(folder).run("generate").status()).isZero();
    var before = plan();
    repository.commit("everything");
    repository.close();

    var result =
        Cli.in(folder).run("plan", "--base", "main", "--head", "topic", "--format", "json");

    var after = new JsonMapper().readTree(result.out());
    assertThat(after.path("seal")).isEqualTo(before.path("seal"));
    assertThat(after.path("head").asString()).matches("[0-9a-f]{40}");
  }

  @Test
  void whatAPersonEditedIsReportedAndNothingIsWritten() throws IOException {
    Analytics.changed(folder).close();
    assertThat(Cli.in(folder).run("generate").status()).isZero();
    var sync = folder.resolve("pipes/sync_analytics_events_1.pipe");
    var edited = Files.readString(sync) + "\n# mine\n";
    Files.writeString(sync, edited);

    Files.delete(folder.resolve("pipes/backfill_analytics_events_1.pipe"));
    var checked = Cli.in(folder).run("generate", "--check");
    assertThat(checked.status()).isEqualTo(1);
    assertThat(checked.out().lines().toList())
        .satisfies(lines -> {
          assertThat(lines.getFirst()).contains("somebody has edited generated files");
          assertThat(lines.get(1)).isEqualTo("  edited pipes/sync_analytics_events_1.pipe");
          assertThat(lines.get(2)).contains("missing pipes/backfill_analytics_events_1.pipe");
        });
    var result = Cli.in(folder).run("generate");

    assertThat(result.status()).isEqualTo(1);
    assertThat(result.out() + result.err()).contains("sync_analytics_events_1.pipe");
    assertThat(sync).hasContent(edited);
  }

  @Test
  void severalProjectsArePlannedTogether() {
    var repository = Analytics.base(folder, "one/");
    repository.write("two/datasources/x.datasource", Analytics.EVENTS);
    repository.commit("two");
    repository.write("one/datasources/analytics_events.datasource", Analytics.CHANGED);
    repository.close();

    var result = Cli.in(folder).run("plan", "--format", "json");

    assertThat(result.status()).as(result.err()).isZero();
    assertThat(PlanSchema.errors(result.out())).isEmpty();
    var projects = new JsonMapper().readTree(result.out()).path("projects");
    assertThat(projects).hasSize(2);
    assertThat(projects.get(0).path("projectDir").asString()).isEqualTo("one");
    assertThat(projects.get(0).path("verdict").asString()).isEqualTo("version");
    assertThat(projects.get(1).path("verdict").asString()).isEqualTo("none");
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "markdown", "json"})
  void whatNeedsNoMigrationIsListedAllTheSame(String format) {
    Analytics.base(folder)
        .write(
            "datasources/analytics_events.datasource",
            Analytics.EVENTS.replace(
                ",\n    `payload` String `json:$.payload`",
                ",\n    `added` String `json:$.added`"));

    var plan = Cli.in(folder).run("plan", "--format", format);

    assertThat(plan.out()).contains("added", "payload", "datasources/analytics_events.datasource");
  }

  @Test
  void aRemovedSourceIsRefusedByName() throws IOException {
    Analytics.base(folder);
    Files.delete(folder.resolve("datasources/analytics_events.datasource"));

    var plan = Cli.in(folder).run("plan");
    var generate = Cli.in(folder).run("generate");

    assertThat(plan.status()).isEqualTo(1);
    assertThat(plan.out()).contains("Changes\n  datasources/analytics_events.datasource");
    assertThat(generate.status()).isEqualTo(1);
    assertThat(generate.err())
        .contains("datasources/analytics_events.datasource", "change_refused");
  }

  @Test
  void thePlanSaysThatTheAuthorsFileIsPutBack() {
    Analytics.changed(folder);

    assertThat(Cli.in(folder).run("plan").out())
        .contains("puts datasources/analytics_events.datasource back as it is deployed");
    assertThat(Cli.in(folder).run("plan", "--format", "markdown").out())
        .contains("back as it is deployed");
    assertThat(Cli.in(folder).run("generate").status()).isZero();
    assertThat(Cli.in(folder).run("plan").out()).doesNotContain("back as it is deployed");
  }

  @Test
  void aRefusedChangeIsExitCodeOneAndGenerateWritesNothing() {
    var repository = Analytics.base(folder);
    repository.delete("datasources/analytics_events.datasource").close();

    var plan = Cli.in(folder).run("plan", "--format", "json");
    var generate = Cli.in(folder).run("generate");

    assertThat(plan.status()).as(plan.out() + plan.err()).isEqualTo(1);
    assertThat(new JsonMapper().readTree(plan.out()).path("verdict").asString())
        .isEqualTo("refuse");
    assertThat(generate.status()).isEqualTo(1);
    assertThat(generate.err()).contains("nothing was written");
  }

  @Test
  void coloursOnlyOnATerminalThatWantsThem() {
    Analytics.changed(folder).close();

    assertThat(Cli.in(folder).run("plan").out()).doesNotContain("\u001b");
    assertThat(Cli.in(folder).onATerminal().run("plan").out()).contains("\u001b[");
    assertThat(Cli.in(folder).onATerminal().run("plan", "--no-color").out())
        .doesNotContain("\u001b");
    assertThat(Cli.in(folder).onATerminal().with("NO_COLOR", "1").run("plan").out())
        .doesNotContain("\u001b");
  }

  private JsonNode plan() {
    var result = Cli.in(folder).run("plan", "--format", "json");
    assertThat(result.status()).as(result.err()).isZero();
    return new JsonMapper().readTree(result.out());
  }

  private static String planFile(JsonNode plan) {
    return "deploy/" + plan.path("version").asString() + "/plan.json";
  }
}
