package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.SettingsReader;
import dev.backfill.demo.Demo;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.plan.Scenario;
import dev.backfill.problem.Problem;
import dev.backfill.project.ProjectReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `reference/scenarios.md` says what the planner does.
class ScenariosPageTest {
  private static final Path PAGE = Path.of("src", "site", "markdown", "reference", "scenarios.md");
  private static final String THING =
      """
      SCHEMA >
          `id` UInt64 `json:$.id`,
          `sign` Int8 `json:$.sign`,
          `v` UInt64 `json:$.v`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "id"
      """;

  @Test
  void everyScenarioHasItsRow() throws IOException {
    var rows = new TreeSet<String>();
    Pattern.compile("(?m)^\\| `([a-z_]+)` \\|")
        .matcher(Files.readString(PAGE))
        .results()
        .forEach(m -> rows.add(m.group(1)));

    var known = new TreeSet<String>();
    List.of(Scenario.values()).forEach(s -> known.add(s.toString()));
    assertThat(rows).isEqualTo(known);
  }

  @Test
  void everyDemoThatIsNamedCanBePlayed() throws IOException {
    var named =
        Pattern.compile("demo --scenario ([a-z_]+)")
            .matcher(Files.readString(PAGE))
            .results()
            .map(m -> m.group(1))
            .toList();

    assertThat(Demo.scenarios()).containsAll(named);
  }

  @ParameterizedTest
  @CsvSource({
    // an engine, the scenario, and what stops it
    "MergeTree, delta,",
    "MergeTree, full_replacement,",
    "MergeTree, populate,",
    "ReplacingMergeTree VER v, delta,",
    "ReplacingMergeTree VER v, full_replacement,",
    "ReplacingMergeTree VER v, populate,",
    "ReplacingMergeTree, delta, order_dependent_engine",
    "ReplacingMergeTree, full_replacement, order_dependent_engine",
    "ReplacingMergeTree, populate, order_dependent_engine",
    "ReplacingMergeTree, reload,",
    "ReplacingMergeTree, not_production,",
    "CollapsingMergeTree SIGN sign, delta, order_dependent_engine",
    "CollapsingMergeTree SIGN sign, reload,",
    "SummingMergeTree, delta, merging_engine",
    "SummingMergeTree, full_replacement, merging_engine",
    "SummingMergeTree, not_production,",
    "AggregatingMergeTree, delta, merging_engine",
  })
  void enginesAreTakenAndRefusedAsThePageSays(String engine, String scenario, String obstacle)
      throws IOException {
    var plan = plan(engine, scenario);

    assertThat(plan.core().migrations()).hasSize(1);
    assertThat(plan.obstacles().stream().map(Problem::code).toList())
        .isEqualTo(Optional.ofNullable(obstacle).stream().toList());
    if (obstacle != null) {
      assertThat(Files.readString(PAGE)).contains("refused: `" + obstacle + "`");
    }
  }

  private static Plan plan(String engine, String scenario) {
    var words = engine.split(" ");
    var changed =
        THING.replace("\"MergeTree\"", "\"" + words[0] + "\"")
            + (words.length > 1 ? "ENGINE_" + words[1] + " \"" + words[2] + "\"\n" : "");
    var after =
        words[0].equals("MergeTree") ? changed.replace("KEY \"id\"", "KEY \"v, id\"") : changed;
    var settings =
        SettingsReader.read(
                "backfill.yml", "datasources:\n  things:\n    scenario: " + scenario + "\n")
            .settings();
    var of = PlanRequest.of(project(THING), project(after));
    return Planner.plan(
        new PlanRequest(
            of.base(),
            of.head(),
            of.renames(),
            settings,
            of.lead(),
            of.pinnedCutover(),
            of.committed(),
            of.takenNames(),
            of.workspace(),
            of.deployVersions()));
  }

  private static dev.backfill.project.Project project(String text) {
    return ProjectReader.read(new TreeMap<>(Map.of("datasources/things.datasource", text)));
  }
}
