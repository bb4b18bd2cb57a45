package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.http.Http;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.tb.Tb;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// A workspace whose figures contradict what the files made the plan choose.
@EngineTest
class EvidenceAnsweredTest {
  private static final String EVENTS =
      """
      SCHEMA >
          `ts` DateTime `json:$.ts`,
          `id` UInt64 `json:$.id`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "ts"
      """;

  @TempDir Path folder;
  @TempDir Path data;

  @Test
  void generateWritesNothingBeforeTheSettingsAnswer() {
    try (var local = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
        var http = new Http();
        var repository = TempRepository.in(folder)) {
      tb("auth", "--host", local.url(), "--token", local.token());
      repository.write(".gitignore", ".tinyb\n").commit("nothing");
      tb("init", "--override-commit", "HEAD");
      repository.write("datasources/events.datasource", EVENTS).commit("base");
      tb("deploy");
      new HttpTinybird(http, Host.parse(local.url()), local.token())
          .append(
              "events",
              "{\"ts\":\"2026-01-01 00:00:00\",\"id\":1}\n{\"ts\":\"1970-01-01 00:00:00\",\"id\":2}\n");
      repository.write(
          "datasources/events.datasource", EVENTS.replace("KEY \"ts\"", "KEY \"id, ts\""));
      var alone = Cli.in(folder);
      var asking =
          Cli.in(folder).with("BACKFILL_HOST", local.url()).with("BACKFILL_TOKEN", local.token());

      var refused = asking.run("generate", "--base", "HEAD");

      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.out() + refused.err())
          .contains("50.0 % of the rows of events")
          .contains("datasources: {events: {scenario: delta}}", "nothing was written");
      assertThat(folder.resolve("deploy")).doesNotExist();
      // The plan is the same with a token and without one, and a check needs none.
      assertThat(seal(asking)).isEqualTo(seal(alone));
      var note = "note: planned from the files alone.";
      assertThat(alone.run("plan", "--base", "HEAD").err()).contains(note);
      assertThat(alone.run("plan", "--base", "HEAD", "--no-evidence").err()).doesNotContain(note);
      assertThat(asking.run("plan", "--base", "HEAD").err()).doesNotContain(note);

      repository.write("backfill.yml", "datasources: {events: {accept: [evidence_disagrees]}}\n");
      var accepted = asking.run("generate", "--base", "HEAD");
      assertThat(accepted.status()).as(accepted.out() + accepted.err()).isZero();
      assertThat(asking.run("plan", "--base", "HEAD").out()).contains("50.0 % of the rows");
      assertThat(asking.run("generate", "--check", "--base", "HEAD").status()).isZero();

      // A branch proves nothing as long as production speaks against the plan.
      repository.write("backfill.yml", "");
      var plan = List.of("rehearse", "--plan", "deploy/1.0.0/plan.json", "--pr", "1");
      var unheard = asking.run(plan.toArray(String[]::new));
      assertThat(unheard.status()).as(unheard.err()).isEqualTo(1);
      assertThat(unheard.out() + unheard.err())
          .contains("50.0 % of the rows of events", "nothing was rehearsed")
          .contains("datasources: {events: {scenario: delta}}");
      repository.write("backfill.yml", "datasources: {events: {accept: [evidence_disagrees]}}\n");
      var heard = asking.run(plan.toArray(String[]::new));
      assertThat(heard.status()).isEqualTo(2);
      assertThat(heard.err()).contains("no tmp_ci branch of the pull request 1");

      repository.write("backfill.yml", "datasources: {events: {scenario: delta}}\n");
      var other = asking.run("generate", "--base", "HEAD");
      assertThat(other.status()).as(other.out() + other.err()).isZero();
      assertThat(folder.resolve("pipes/sync_events_1.pipe")).content().contains("now() >=");
    }
  }

  private static String seal(Cli cli) {
    var plan = cli.run("plan", "--base", "HEAD", "--format", "json");
    return new JsonMapper().readTree(plan.out()).path("seal").asString();
  }

  private void tb(String... words) {
    var silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    assertThat(Tb.run(List.of(words), folder, Map.of(), silent, silent)).isZero();
  }
}
