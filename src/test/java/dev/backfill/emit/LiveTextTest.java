package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a deployment leaves of the plan's Pipes is known again, and nothing else.
class LiveTextTest {
  private static final String BASE =
      """
      SCHEMA >
          `ts` DateTime64(3) `json:$.ts`,
          `backfill_user` String `json:$.user`,
          `price` String `json:$.price`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "ts"
      """;

  @ParameterizedTest
  @ValueSource(strings = {"price` UInt32", "price` String"})
  void theSyncAndTheCopyOfAPlanAreTheirOwn(String column) {
    var base = project(BASE);
    var head =
        project(BASE.replace("price` String", column).replace("\"ts\"", "\"backfill_user, ts\""));
    var plan = Planner.plan(PlanRequest.of(base, head));
    var sync = live(plan, base, head, "sync_events_1");
    var copy = live(plan, base, head, "backfill_events_1");

    assertThat(isSync(plan, sync)).isTrue();
    assertThat(isSync(plan, "-- by the server\n" + sync.replace("\n", "   "))).isTrue();
    assertThat(isSync(plan, sync.replace("2026-01-31", "2027-12-31"))).isTrue();
    assertThat(isSync(plan, sync.replace("WHERE", "WHERE price != '' AND"))).isFalse();
    assertThat(isSync(plan, sync.replace(">=", ">"))).isFalse();
    assertThat(isSync(plan, sync.replace("`backfill_user`", "'nobody'"))).isFalse();
    assertThat(isBackfill(plan, copy)).isTrue();
    assertThat(isBackfill(plan, "%\n" + copy)).isTrue();
    assertThat(isBackfill(plan, copy.replace("expect_target", "expected"))).isFalse();
  }

  private static boolean isSync(Plan plan, String sql) {
    return LiveText.isSync(plan.core(), plan.core().direct().getFirst(), columns(), sql)
        .orElseThrow();
  }

  private static boolean isBackfill(Plan plan, String sql) {
    return LiveText.isBackfill(plan.core().direct().getFirst(), columns(), sql).orElseThrow();
  }

  private static SortedMap<String, String> columns() {
    return new TreeMap<>(
        Map.of("ts", "DateTime64(3)", "backfill_user", "String", "price", "String"));
  }

  private static Project project(String events) {
    return ProjectReader.read(new TreeMap<>(Map.of("datasources/events.datasource", events)));
  }

  private static String live(Plan plan, Project base, Project head, String pipe) {
    var files =
        Emitter.emit(plan, base, head).stream()
            .filter(f -> f.path().endsWith("/" + pipe + ".pipe"))
            .collect(Collectors.toMap(FileChange::path, f -> f.text().orElseThrow()));
    return ProjectReader.read(new TreeMap<>(files))
        .pipe(pipe)
        .orElseThrow()
        .nodes()
        .getFirst()
        .sql()
        .replace("${BACKFILL_T_EVENTS_1}", "2026-01-31 13:30:00.000")
        .replace("$$", "$");
  }
}
