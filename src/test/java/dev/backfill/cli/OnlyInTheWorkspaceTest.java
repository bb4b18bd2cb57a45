package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.local.LocalWorkspace;
import dev.backfill.tb.Tb;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.TestEngine;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What `plan` and `generate` make of migrations and names that no file of the branch knows:
/// another pull request was deployed since it left the main line.
@EngineTest
class OnlyInTheWorkspaceTest {
  private static final String ORDERS = "datasources/analytics_events.datasource";
  private static final String TWIN = "datasources/analytics_events_1.datasource";
  private static final String SYNC =
      """
      NODE sync
      SQL >
          SELECT timestamp, session_id, action, payload FROM analytics_events
          WHERE timestamp >= '2026-03-01 00:00:00'
      TYPE materialized
      DATASOURCE analytics_events_1
      """;

  @TempDir Path folder;
  @TempDir Path data;
  private LocalWorkspace workspace;
  private TempRepository repository;

  @BeforeEach
  void start() {
    workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
    tb("auth", "--host", workspace.url(), "--token", workspace.token());
    repository = TempRepository.in(folder);
    repository.write(".gitignore", ".tinyb\n").commit("nothing yet");
    tb("init", "--override-commit", "HEAD");
    repository.write(ORDERS, Analytics.EVENTS).write(".tinyenv", "VERSION=0.0.0\n").commit("base");
    tb("deploy");
  }

  @AfterEach
  void stop() {
    workspace.close();
  }

  /// Deploys more than the branch under test will know: the branch leaves main before it.
  private void deployedByAnother(String... pathsAndTexts) {
    repository.checkout("mine").checkout("another");
    for (var i = 0; i < pathsAndTexts.length; i += 2) {
      repository.write(pathsAndTexts[i], pathsAndTexts[i + 1]);
    }
    repository.commit("another pull request");
    tb("deploy");
    repository.checkout("mine");
  }

  @Test
  void aSourceThatIsBeingMigratedThereIsNotVersionedAgain() {
    deployedByAnother(TWIN, Analytics.CHANGED, "pipes/sync_analytics_events_1.pipe", SYNC);
    repository.write(ORDERS, Analytics.CHANGED);

    var plan = plan(1);

    assertThat(plan.path("verdict").asString()).isEqualTo("refuse");
    assertThat(plan.at("/changes/0/reason").asString())
        .contains("is being migrated to analytics_events_1 by sync_analytics_events_1");
    assertThat(plan(0, "--no-evidence").path("verdict").asString()).isEqualTo("version");
    var generated = run("generate", "--base", "HEAD");
    assertThat(generated.status()).isEqualTo(1);
    assertThat(generated.err()).contains("is being migrated");
  }

  @Test
  void aColumnForOneHalfOnlyIsRefused() {
    deployedByAnother(TWIN, Analytics.CHANGED, "pipes/sync_analytics_events_1.pipe", SYNC);
    repository.write(
        ORDERS,
        Analytics.EVENTS.replace(
            "`payload` String `json:$.payload`",
            "`payload` String `json:$.payload`,\n    `country` Nullable(String) `json:$.country`"));

    assertThat(plan(1).path("verdict").asString()).isEqualTo("refuse");
    assertThat(plan(0, "--no-evidence").path("verdict").asString()).isEqualTo("in_place");
  }

  @Test
  void aVersionThatIsFedThereAlreadyNeedsNoPipesOfOurs() {
    deployedByAnother(TWIN, Analytics.CHANGED, "pipes/sync_analytics_events_1.pipe", SYNC);
    repository.write(TWIN, Analytics.CHANGED);

    assertThat(plan(0).path("verdict").asString()).isEqualTo("already_versioned");
    assertThat(plan(0, "--no-evidence").path("verdict").asString()).isEqualTo("version");
  }

  @Test
  void aNameThatIsTakenThereStaysFree() {
    deployedByAnother(TWIN, Analytics.EVENTS.replace("session_id", "visitor"));
    repository.write(ORDERS, Analytics.CHANGED);

    assertThat(plan(0).at("/migrations/0/target").asString()).isEqualTo("analytics_events_2");
    assertThat(plan(0, "--no-evidence").at("/migrations/0/target").asString())
        .isEqualTo("analytics_events_1");
    assertThat(run("generate", "--base", "HEAD").status()).isEqualTo(0);
    assertThat(folder.resolve("datasources/analytics_events_2.datasource")).exists();
    assertThat(run("generate", "--base", "HEAD", "--check", "--no-evidence").status()).isEqualTo(0);
  }

  @Test
  void aViewThatIsNoMigrationChangesNothing() {
    deployedByAnother(
        "datasources/by_action.datasource",
        "SCHEMA >\n    `action` String,\n    `n` AggregateFunction(count)\n\nENGINE AggregatingMergeTree\nENGINE_SORTING_KEY action\n",
        "pipes/by_action_mv.pipe",
        "NODE n\nSQL >\n    SELECT toString(action) AS action, countState() AS n FROM analytics_events GROUP BY action\nTYPE materialized\nDATASOURCE by_action\n");
    repository.write(ORDERS, Analytics.CHANGED);

    var plan = plan(0);

    assertThat(plan.path("verdict").asString()).isEqualTo("version");
    assertThat(plan.path("seal")).isEqualTo(plan(0, "--no-evidence").path("seal"));
    assertThat(plan.path("warnings").toString()).contains("live_pipe_unknown");
  }

  private JsonNode plan(int status, String... more) {
    var arguments = new ArrayList<>(List.of("plan", "--base", "HEAD", "--format", "json"));
    arguments.addAll(Arrays.asList(more));
    var result = run(arguments.toArray(String[]::new));
    assertThat(result.status()).as(result.err()).isEqualTo(status);
    return JsonMapper.shared().readTree(result.out());
  }

  private Cli.Result run(String... arguments) {
    return Cli.in(folder)
        .with("BACKFILL_HOST", workspace.url())
        .with("BACKFILL_TOKEN", workspace.token())
        .run(arguments);
  }

  private void tb(String... arguments) {
    var said = new ByteArrayOutputStream();
    var stream = new PrintStream(said, true, StandardCharsets.UTF_8);
    var status =
        Tb.run(List.of(arguments), folder, Map.of("TB_VERSION_WARNING", "0"), stream, stream);
    assertThat(status).as(said.toString(StandardCharsets.UTF_8)).isZero();
  }
}
