package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.SettingsReader;
import dev.backfill.demo.Demo;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.plan.Scenario;
import dev.backfill.project.ProjectReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// `reference/scenarios.md` says what the planner does.
class ScenariosPageTest {
  private static final Path PAGE = Path.of("src", "site", "markdown", "reference", "scenarios.md");
  private static final String THING =
      """
      SCHEMA >
          `id` UInt64 `json:$.id`,
          `sign` Int8 `json:$.sign`,
          `v` UInt64 `json:$.v`,
          `at` DateTime `json:$.at`,
          `__partition` Int16 `json:$.p`,
          `__offset` Int64 `json:$.o`

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

  /// Engines as the page's columns name them, and as a file does.
  private static final Map<String, String> ENGINES =
      Map.of(
          "MergeTree", "MergeTree",
          "Replacing with VER", "ReplacingMergeTree VER v",
          "Replacing", "ReplacingMergeTree",
          "Collapsing", "CollapsingMergeTree SIGN sign",
          "VersionedCollapsing", "VersionedCollapsingMergeTree SIGN sign VERSION v",
          "Summing", "SummingMergeTree",
          "Aggregating", "AggregatingMergeTree");

  static List<Arguments> cells() throws IOException {
    var lines = Files.readAllLines(PAGE);
    var head = lines.stream().filter(l -> l.startsWith("| scenario \\ engine |")).toList();
    var engines = words(head.getFirst());
    var out = new ArrayList<Arguments>();
    for (var line : lines.subList(lines.indexOf(head.getFirst()) + 2, lines.size())) {
      if (!line.startsWith("|")) {
        break;
      }
      var cells = words(line);
      for (var i = 1; i < cells.size(); i++) {
        out.add(Arguments.of(cells.getFirst().replace("`", ""), engines.get(i), cells.get(i)));
      }
    }
    return out;
  }

  private static List<String> words(String line) {
    return Stream.of(line.substring(1, line.length() - 1).split("\\|")).map(String::strip).toList();
  }

  @Test
  void theTableIsWhole() throws IOException {
    assertThat(cells()).hasSize(Scenario.values().length * ENGINES.size());
  }

  /// A cell that isn't refused names the tests that carried it out.
  @ParameterizedTest(name = "{0} x {1}")
  @MethodSource("cells")
  void everyCellIsAsThePlannerSaysAndShownByTests(String scenario, String engine, String cell)
      throws ReflectiveOperationException {
    var plan = plan(ENGINES.getOrDefault(engine, engine), scenario);

    assertThat(plan.core().migrations()).hasSize(1);
    var obstacles = plan.obstacles().stream().map(o -> "refused: `" + o.code() + "`").toList();
    if (!obstacles.isEmpty()) {
      assertThat(cell).isEqualTo(String.join(", ", obstacles));
      return;
    }
    assertThat(plan.core().migrations().getFirst().scenario().toString()).isEqualTo(scenario);
    for (var named : cell.split(", ")) {
      assertThat(named).matches("`[a-z]+\\.\\w+#\\w+`");
      var test = named.replace("`", "").split("#");
      var methods = Class.forName("dev.backfill." + test[0]).getDeclaredMethods();
      assertThat(methods)
          .as(named)
          .anyMatch(m ->
              m.getName().equals(test[1])
                  && (m.isAnnotationPresent(Test.class)
                      || m.isAnnotationPresent(ParameterizedTest.class)));
    }
  }

  private static Plan plan(String engine, String scenario) {
    var words = engine.split(" ");
    var changed = new StringBuilder(THING.replace("\"MergeTree\"", "\"" + words[0] + "\""));
    for (var i = 1; i < words.length; i += 2) {
      changed.append("ENGINE_%s \"%s\"\n".formatted(words[i], words[i + 1]));
    }
    var after =
        words[0].equals("MergeTree")
            ? changed.toString().replace("KEY \"id\"", "KEY \"v, id\"")
            : changed.toString();
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
