package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// A Data Source whose lines come out of another file, which old and new version would share.
class IncludesTest {
  private static final String COLUMNS =
      "SCHEMA >\n    `at` DateTime `json:$.at`,\n    `n` UInt32 `json:$.n`\n";
  private static final String EVENTS =
      "INCLUDE \"../includes/events.incl\"\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"at\"\n";

  private static Project project(String columns, String events) {
    return ProjectReader.read(
        new TreeMap<>(
            Map.of("includes/events.incl", columns, "datasources/events.datasource", events)));
  }

  @Test
  void aChangeThatBothWouldIncludeIsRefusedWhereItStands() {
    var base = project(COLUMNS, EVENTS);
    var head = project(COLUMNS.replace("UInt32", "UInt64"), EVENTS);
    var plan = Planner.plan(PlanRequest.of(base, head));

    assertThat(plan.obstacles()).isEmpty();
    assertThat(Emitter.obstacles(plan, base, head))
        .singleElement()
        .satisfies(o -> {
          assertThat(o.code()).isEqualTo("change_in_include");
          assertThat(o.place().file()).isEqualTo("includes/events.incl");
        });
  }

  @Test
  void whatIsIncludedAndStaysAsItIsIsSharedAndSealed() {
    var base = project(COLUMNS, EVENTS);
    var resorted = EVENTS.replace("KEY \"at\"", "KEY \"n, at\"");
    var head = project(COLUMNS, resorted);
    var plan = Planner.plan(PlanRequest.of(base, head));

    var files = new TreeMap<String, String>();
    Emitter.emit(plan, base, head)
        .forEach(f -> f.text().ifPresent(text -> files.put(f.path(), text)));

    assertThat(files)
        .containsEntry("datasources/events_1.datasource", resorted)
        .containsEntry("datasources/events.datasource", EVENTS)
        .hasEntrySatisfying(
            "deploy/1.0.0/deploy.sh",
            script -> assertThat(script).contains("  includes/events.incl\n"));
  }
}
