package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.ProjectReader;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// An edit of one file becomes two files: what the live Data Source can be altered to stays there
/// too, so that rows that arrive meanwhile have it, and the sync carries it.
class SourceSplitTest {
  private static final String PATH = "datasources/orders.datasource";

  private static final String BASE =
      """
      SCHEMA >
          `ts` DateTime `json:$.ts`,
          `shop` String `json:$.shop`,
          `note` String `json:$.note`,
          `amount` Int32 `json:$.amount`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "ts"
      """;

  private static final String OTHER_KEY = BASE.replace("\"ts\"", "\"shop, ts\"");

  private static Map<String, String> emitted(String after) {
    var base = ProjectReader.read(new TreeMap<>(Map.of(PATH, BASE)));
    var head = ProjectReader.read(new TreeMap<>(Map.of(PATH, after)));
    var plan = Planner.plan(PlanRequest.of(base, head));
    assertThat(plan.obstacles()).isEmpty();
    assertThat(Emitter.obstacles(plan, base, head)).isEmpty();
    return Emitter.emit(plan, base, head).stream()
        .collect(Collectors.toMap(FileChange::path, c -> c.text().orElse("")));
  }

  @Test
  void aColumnThatComesWhileAnotherOfItsTypeGoesIsOnBothSidesAndCarried() {
    var files =
        emitted(
            OTHER_KEY
                .replace("    `note` String `json:$.note`,\n", "")
                .replace(
                    "`amount` Int32 `json:$.amount`",
                    "`amount` Int32 `json:$.amount`,\n    `country` String `json:$.country`"));

    assertThat(files.get(PATH))
        .isEqualTo(
            BASE.replace(
                "`amount` Int32 `json:$.amount`",
                "`amount` Int32 `json:$.amount`,\n    `country` String `json:$.country`"));
    assertThat(files.get("datasources/orders_1.datasource"))
        .contains("`country`")
        .doesNotContain("note");
    assertThat(files.get("pipes/sync_orders_1.pipe")).contains("`country`");
    assertThat(files.get("pipes/backfill_orders_1.pipe")).contains("`country`");
  }

  @Test
  void aRenamedColumnIsOnTheNewSideOnly() {
    var files = emitted(BASE.replace("note", "remark"));

    assertThat(files.getOrDefault(PATH, BASE)).isEqualTo(BASE);
    assertThat(files.get("pipes/sync_orders_1.pipe"))
        .contains("`note` AS backfill_2", "backfill_2 AS `remark`");
  }

  @Test
  void aColumnThatMayHoldNullMayOnBothSides() {
    var files = emitted(OTHER_KEY.replace("Int32", "Nullable(Int32)"));

    assertThat(files.get(PATH)).isEqualTo(BASE.replace("Int32", "Nullable(Int32)"));
  }

  @Test
  void theColumnThatCutsStaysWithoutNull() {
    var files =
        emitted(
            BASE.replace("ENGINE_SORTING_KEY \"ts\"", "ENGINE_SORTING_KEY \"shop\"")
                .replace("`ts` DateTime", "`ts` Nullable(DateTime)"));

    assertThat(files.get(PATH)).isEqualTo(BASE);
  }

  @Test
  void anotherPathIsOnBothSides() {
    var files = emitted(OTHER_KEY.replace("$.note", "$.text"));

    assertThat(files.get(PATH)).isEqualTo(BASE.replace("$.note", "$.text"));
  }

  @Test
  void anotherTypeIsOnTheNewSideOnlyWhateverElseChangesInTheColumn() {
    var files =
        emitted(
            BASE.replace(
                "`amount` Int32 `json:$.amount`", "`amount` Int64 `json:$.sum` DEFAULT 1"));

    assertThat(files.get(PATH)).isEqualTo(BASE);
  }
}
