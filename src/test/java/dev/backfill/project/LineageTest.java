package dev.backfill.project;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.sql.TablesRead;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LineageTest {
  private final TreeMap<String, String> files = new TreeMap<>();

  private LineageTest with(String pipe, String text) {
    files.put("pipes/" + pipe + ".pipe", text.replace(" | ", "\n    "));
    return this;
  }

  private LineageTest sources(String... names) {
    for (var name : names) {
      files.put("datasources/" + name + ".datasource", "SCHEMA >\n    a Int8\n");
    }
    return this;
  }

  private Project project() {
    return ProjectReader.read(files);
  }

  private Lineage lineage() {
    return Lineage.of(project());
  }

  private static String lines(String... lines) {
    return String.join("\n", lines) + "\n";
  }

  private static String mv(String target, String sql) {
    return "NODE m\nSQL > | " + sql + "\nTYPE materialized\nDATASOURCE " + target + "\n";
  }

  private static String endpoint(String sql) {
    return "NODE n\nSQL > | " + sql + "\n";
  }

  @Test
  void theTriggerIsTheLeftmostTableThroughNodesAndPlainPipes() {
    sources("events", "users", "daily")
        .with("clean", "NODE a\nSQL > | SELECT * FROM events\nNODE b\nSQL > | SELECT * FROM a\n")
        .with("half", endpoint("SELECT * FROM clean"))
        .with(
            "mv",
            lines(
                "NODE first",
                "SQL > | SELECT * FROM (SELECT * FROM half) h JOIN users u ON 1",
                "NODE m",
                "SQL > | WITH x AS (SELECT * FROM first) SELECT a FROM x",
                "TYPE materialized",
                "DATASOURCE daily"));

    assertThat(lineage().materializations())
        .containsExactly(
            new Lineage.Materialization(
                "mv", "m", Optional.of("events"), java.util.List.of("half", "clean"), "daily"));
    assertThat(lineage().triggeredBy("events")).extracting(Pipe::name).containsExactly("mv");
    assertThat(lineage().triggeredBy("users")).isEmpty();
    assertThat(lineage().readers("users")).extracting(Pipe::name).containsExactly("mv");
    assertThat(lineage().readers("events")).extracting(Pipe::name).containsExactly("clean", "half");
    assertThat(lineage().pipesOn("clean")).extracting(Pipe::name).containsExactly("half");
    assertThat(lineage().tablesOf("mv")).containsExactlyInAnyOrder("events", "users");
  }

  @Test
  void feedersMaterializeOrCopy() {
    sources("events", "daily")
        .with("mv", mv("daily", "SELECT * FROM events"))
        .with("copy", "NODE c\nSQL > | SELECT 1\nTYPE copy\nTARGET_DATASOURCE daily\n")
        .with("reader", endpoint("SELECT * FROM daily"));

    assertThat(lineage().feeders("daily")).extracting(Pipe::name).containsExactly("copy", "mv");
    assertThat(lineage().feeders("events")).isEmpty();
    assertThat(lineage().readers("daily")).extracting(Pipe::name).containsExactly("reader");
  }

  @Test
  void circlesEnd() {
    sources("daily")
        .with("a", endpoint("SELECT * FROM b"))
        .with("b", endpoint("SELECT * FROM a"))
        .with("nodes", "NODE x\nSQL > | SELECT * FROM y\nNODE y\nSQL > | SELECT * FROM x\n")
        .with("mv", mv("daily", "SELECT * FROM a"))
        .with("mv2", mv("daily", "SELECT * FROM nodes"));
    var project = project();

    assertThat(lineage().materialization("mv").orElseThrow().trigger()).isEmpty();
    assertThat(lineage().materialization("mv2").orElseThrow().trigger()).isEmpty();
    assertThat(Lineage.of(project).standaloneSql(project.pipe("mv").orElseThrow())).isEmpty();
    assertThat(Lineage.of(project).selfContainedSql(project.pipe("nodes").orElseThrow())).isEmpty();
  }

  @Test
  void nodesBecomeSubqueriesAndTheTriggerStays() {
    sources("events", "users", "daily")
        .with("clean", endpoint("SELECT * FROM events -- all of it"))
        .with(
            "mv",
            lines(
                "NODE u",
                "SQL > | SELECT id FROM users;",
                "NODE e",
                "SQL > | SELECT e.* FROM clean e",
                "NODE m",
                "SQL > | SELECT e.id FROM e JOIN u AS v ON e.id = v.id",
                "TYPE materialized",
                "DATASOURCE daily"));
    var project = project();
    var mv = project.pipe("mv").orElseThrow();

    var own = Lineage.of(project).selfContainedSql(mv).orElseThrow();
    var whole = Lineage.of(project).standaloneSql(mv).orElseThrow();

    assertThat(own)
        .isEqualTo(
            "SELECT e.id FROM (\nSELECT e.* FROM clean e\n) AS `e` JOIN (\nSELECT id FROM users\n)"
                + " AS v ON e.id = v.id");
    assertThat(TablesRead.of(own).names()).containsExactly("clean", "users");
    assertThat(TablesRead.of(whole).names()).containsExactly("events", "users");
    assertThat(TablesRead.of(whole).trigger()).contains("events");
    assertThat(whole).contains("-- all of it\n)");
  }

  @Test
  void aQueryWhoseNamesWouldChangeTheirMeaningIsNotPutTogether() {
    sources("events", "daily")
        .with(
            "mv",
            lines(
                "NODE e",
                "SQL > | SELECT a FROM events",
                "NODE m",
                "SQL > | WITH events AS (SELECT 1 AS a) SELECT * FROM e JOIN events ON 1",
                "TYPE materialized",
                "DATASOURCE daily"))
        .with(
            "in", "NODE e\nSQL > | SELECT 1\nNODE m\nSQL > | SELECT * FROM events WHERE a IN e\n");
    var project = project();

    assertThat(Lineage.of(project).selfContainedSql(project.pipe("mv").orElseThrow())).isEmpty();
    assertThat(Lineage.of(project).selfContainedSql(project.pipe("in").orElseThrow())).isEmpty();
  }

  @Test
  void queriesThatMultiplyAreGivenUp() {
    var text = new StringBuilder("NODE n0\nSQL > | SELECT * FROM events\n");
    for (int i = 1; i < 60; i++) {
      text.append("NODE n%d\nSQL > | SELECT * FROM n%d a, n%d b\n".formatted(i, i - 1, i - 1));
    }
    sources("events").with("p", text.toString());
    var project = project();

    assertThat(Lineage.of(project).selfContainedSql(project.pipe("p").orElseThrow())).isEmpty();
  }

  @Test
  void aNodeNamedLikeTheTableItReadsReadsTheTable() {
    sources("events", "daily")
        .with(
            "mv",
            lines(
                "NODE events",
                "SQL > | SELECT * FROM events",
                "NODE m",
                "SQL > | SELECT * FROM events",
                "TYPE materialized",
                "DATASOURCE daily"));
    var project = project();

    assertThat(lineage().materialization("mv").orElseThrow().trigger()).contains("events");
    assertThat(Lineage.of(project).selfContainedSql(project.pipe("mv").orElseThrow()))
        .contains("SELECT * FROM (\nSELECT * FROM events\n) AS `events`");
  }
}
