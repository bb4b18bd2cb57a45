package dev.backfill.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TablesReadTest {

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "SELECT 1                                                        | ~~",
        "SELECT * FROM a                                                 | a",
        "SELECT * FROM a, b AS x, c                                      | a b c",
        "SELECT * FROM a x LEFT JOIN b y ON x.i = y.i                    | a b",
        "SELECT * FROM a JOIN b ON a.x = b.x, c                          | a b c",
        "SELECT DISTINCT ON (x) y, z FROM a                              | a",
        "SELECT * FROM a FINAL SAMPLE 1/10 WHERE x                       | a",
        "SELECT * FROM ws.a                                              | ws.a",
        "SELECT * FROM `a b`.\"c\"                                     | a b.c",
        "SELECT * FROM a ARRAY JOIN xs AS x, ys AS y                     | a",
        "SELECT * FROM a LEFT ARRAY JOIN xs                              | a",
        "SELECT * FROM numbers(10) n, a                                  | a",
        "SELECT * FROM (SELECT * FROM (a))                               | a",
        "SELECT * FROM (a JOIN b USING (x))                              | a b",
        "SELECT x FROM a ORDER BY x WITH FILL FROM 1 TO 5, y             | a",
        "SELECT x IS NOT DISTINCT FROM y FROM a                          | a",
        "SELECT x IS DISTINCT FROM y FROM a                              | a",
        "SELECT a FROM t GROUP BY a WITH TOTALS                          | t",
        "SELECT extract(YEAR FROM d), trim(BOTH 'x' FROM s) FROM a       | a",
        "SELECT * EXCEPT (x) FROM a EXCEPT SELECT * FROM b               | a b",
        "SELECT * FROM a UNION ALL SELECT * FROM b                       | a b",
        "(SELECT * FROM a) UNION ALL (SELECT * FROM b)                   | a b",
        "FROM a SELECT x                                                 | a",
        "SELECT * FROM (a JOIN b ON a.x = b.x, (c)), d                   | a b c d",
        "SELECT * FROM a WHERE x IN (SELECT x FROM b)                    | a b",
        "SELECT (SELECT max(x) FROM b) FROM a                            | b a",
        "SELECT if(x IN (SELECT x FROM b), [(SELECT 1 FROM c)], 2) FROM a | b c a",
        "WITH c AS (SELECT * FROM a) SELECT * FROM c JOIN b USING x      | a b",
        "WITH a AS (SELECT * FROM a) SELECT * FROM a                     | a",
        "WITH c AS (SELECT 1) SELECT * FROM (SELECT * FROM c), d         | d",
        "SELECT * FROM (WITH c AS (SELECT * FROM a) SELECT * FROM c), c  | a c",
        "WITH c AS (SELECT 1), d AS (SELECT * FROM c) SELECT * FROM d    | ~~",
        "WITH c (x, y) AS (SELECT * FROM a) SELECT * FROM c              | a",
        "WITH RECURSIVE c AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT * FROM c | ~~",
        "WITH (SELECT max(x) FROM b) AS m, 1 AS n SELECT * FROM a        | b a",
        "WITH now() AS n SELECT n FROM a                                 | a",
        "SELECT * FROM db.c, c                                           | db.c c",
        "SELECT 'FROM x' /* FROM y */ FROM a -- FROM z                   | a",
        "SELECT `from` FROM a                                            | a",
        "SELECT x AS c FROM a WHERE c IN d                               | a",
        "SELECT * FROM 2024_events                                       | 2024_events",
      })
  void findsTheTables(String sql, String tables) {
    assertThat(
            String.join(
                " ",
                TablesRead.of(sql).references().stream().map(TablesRead.Reference::name).toList()))
        .isEqualTo(tables);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "SELECT * FROM {% if x %} a {% else %} b {% end %} WHERE y               | a b",
        "SELECT * FROM {% if x %} a {% elif y %} b {% else %} c {% end %} d      | a b c",
        "SELECT * FROM a {% if x %} FINAL {% end %} WHERE z                      | a",
        "SELECT * FROM a {% if x %} JOIN b ON a.i = b.i {% end %}                | a b",
        "SELECT * FROM a{% if x %}, b{% end %}                                   | a b",
        "{% if x %} SELECT * FROM a {% else %} SELECT * FROM b {% end %}         | a b",
        "SELECT * FROM ({% if x %} SELECT * FROM a {% else %} SELECT * FROM b {% end %}) | a b",
        "WITH {% if x %} c AS (SELECT * FROM a), {% end %} d AS (SELECT 1) SELECT * FROM d | a",
        "SELECT * FROM a WHERE x = {{String(x, 'FROM b')}}                       | a",
        "SELECT * FROM a -- {{String(x)}} FROM b                                 | a",
      })
  void everyBranchOfATemplateCounts(String sql, String tables) {
    assertThat(String.join(" ", TablesRead.of(sql).names())).isEqualTo(tables);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "SELECT * FROM a JOIN b USING x                                    | a",
        "SELECT * FROM (SELECT * FROM a JOIN b USING x) JOIN c USING x     | a",
        "WITH b AS (SELECT * FROM x), c AS (SELECT * FROM a) SELECT * FROM c JOIN b USING i | a",
        "WITH a AS (SELECT * FROM a) SELECT * FROM a                       | a",
        "WITH c AS (SELECT * FROM a), d AS (SELECT * FROM c) SELECT * FROM d | a",
        "SELECT (SELECT 1 FROM b) FROM a                                   | a",
        "WITH (SELECT 1 FROM b) AS x SELECT * FROM a                       | a",
        "SELECT * FROM a UNION ALL SELECT * FROM b                         | a",
        "(SELECT * FROM a) UNION ALL (SELECT * FROM b)                     | a",
        "FROM a SELECT (SELECT 1 FROM b)                                   | a",
        "SELECT * FROM (a JOIN b USING x)                                  | a",
        "SELECT * FROM numbers(3), a                                       | ~~",
        "SELECT * FROM {{table('a')}} JOIN b USING x                       | ~~",
        "SELECT 1                                                          | ~~",
      })
  void theTriggerIsTheLeftmostTableOfTheFinalQuery(String sql, String trigger) {
    assertThat(TablesRead.of(sql).trigger().orElse("")).isEqualTo(trigger);
  }

  @Test
  void namesCalledFunctionsInLowerCase() {
    assertThat(
            TablesRead.of(
                    "WITH x AS (SELECT NOW()) SELECT toDate(a), quantile(0.9)(b), `rand`(), now64 FROM numbers(1)"
                        + " WHERE a IN (1) AND (b) AND d = CURRENT_TIMESTAMP AND t.current_date")
                .functions())
        .containsExactly("now", "todate", "quantile", "rand", "numbers", "current_timestamp");
  }

  @ParameterizedTest(name = "{0}: {1}{2}{3}")
  @CsvSource(
      delimiter = '|',
      value = {
        "SELECT * FROM a                                       | - | - | -",
        "SELECT * FROM a JOIN b USING x                        | j | - | -",
        "SELECT * FROM a, b                                    | j | - | -",
        "SELECT x, y FROM a ARRAY JOIN b, c                    | - | - | -",
        "SELECT x FROM a WHERE x IN (SELECT 1)                 | - | s | -",
        "SELECT x FROM a WHERE x IN (SELECT 1 FROM b)          | - | s | -",
        "WITH (SELECT 1) AS x SELECT x FROM a                  | - | s | -",
        "WITH c AS (SELECT 1) SELECT x FROM c                  | - | - | -",
        "SELECT f((SELECT 1)) FROM a                           | - | s | -",
        "SELECT x FROM (SELECT 1 AS x)                         | - | - | -",
        "SELECT 1 UNION ALL SELECT 2                           | - | - | u",
        "(SELECT 1) UNION DISTINCT (SELECT 2)                  | - | - | u",
        "SELECT * FROM (SELECT 1 INTERSECT SELECT 2)           | - | - | u",
        "SELECT * EXCEPT x FROM a                              | - | - | -",
        "SELECT * FROM a EXCEPT ALL SELECT * FROM b            | - | - | u",
        "SELECT a JOIN_x, union_x FROM a                       | - | - | -",
      })
  void knowsJoinsSubqueriesAndUnions(String sql, String joins, String subqueries, String unions) {
    var read = TablesRead.of(sql);

    assertThat(read.joins()).isEqualTo(joins.equals("j"));
    assertThat(read.scalarSubqueries()).isEqualTo(subqueries.equals("s"));
    assertThat(read.unions()).isEqualTo(unions.equals("u"));
  }

  @Test
  void tablesNamedByTagsStringsAndVariablesAreDynamic() {
    assertThat(
            TablesRead.of(
                    "{% set t = table(\"z\") %} SELECT joinGet('j', 'v', x), dictGet('d', 'v', x) FROM {{TABLE( 'a' )}}"
                        + " JOIN {{table(p)}} USING x JOIN events_${ENV} USING x JOIN x_{{y}} USING x")
                .dynamic())
        .containsExactlyInAnyOrder(
            "j", "d", "{{TABLE( 'a' )}}", "{{table(p)}}", "events_${ENV}", "x_{{y}}", "z", "a");
  }

  @Test
  void aNameAfterInIsPossiblyATable() {
    assertThat(
            TablesRead.of(
                    "WITH c AS (SELECT 1) SELECT position('a' IN s) FROM a WHERE x IN b AND y NOT IN (d.e)"
                        + " AND z IN c AND u IN f(x) AND v IN (g, h) AND w IN 'x' AND i IN xs[1]")
                .possible())
        .containsExactly("b", "d.e");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "SELECT events FROM events | SELECT events FROM events_1",
        "SELECT 'events' AS events FROM events -- events | SELECT 'events' AS events FROM events_1 -- events",
        "SELECT e.x FROM events e | SELECT e.x FROM events_1 e",
        "SELECT e.x FROM events AS e FINAL | SELECT e.x FROM events_1 AS e FINAL",
        "SELECT events.x FROM events FINAL | SELECT events.x FROM events_1 AS events FINAL",
        "SELECT events.x FROM events AS events | SELECT events.x FROM events_1 AS events",
        "SELECT x FROM `events` | SELECT x FROM events_1",
        "SELECT x FROM ws.events | SELECT x FROM ws.events",
        "WITH events AS (SELECT * FROM events) SELECT events.x FROM events"
            + " | WITH events AS (SELECT * FROM events_1 AS events) SELECT events.x FROM events",
        "SELECT * FROM events a JOIN events b ON a.x=b.x JOIN events_2 c ON 1"
            + " | SELECT * FROM events_1 a JOIN events_1 b ON a.x=b.x JOIN events_2 c ON 1",
        "SELECT * FROM {% if events %}events{% else %} b {% end %} | SELECT * FROM {% if events %}events_1{% else %} b {% end %}",
        "SELECT {{events}} FROM {{table('events')}} | SELECT {{events}} FROM {{table('events')}}",
        "SELECT x FROM a WHERE x IN (SELECT y FROM events WHERE events(1)) | SELECT x FROM a WHERE x IN (SELECT y FROM events_1 WHERE events(1))",
        "SELECT x FROM events(1) | SELECT x FROM events(1)",
        "SELECT x FROM other | SELECT x FROM order_1.`select`",
      })
  void renamesReferencesOnly(String before, String after) {
    assertThat(TablesRead.rename(before, Map.of("events", "events_1", "other", "order_1.select")))
        .isEqualTo(after);
  }

  @Test
  void renamingThereAndBackGivesTheSameText() {
    var sql =
        """
        WITH b AS (SELECT * FROM events e)
        SELECT 'events', e.x /* events */ FROM events AS e, (SELECT 1 FROM events) JOIN b ON b.events = e.events
        """;

    var there = TablesRead.rename(sql, Map.of("events", "strange `name`"));

    assertThat(TablesRead.of(there).names()).containsExactly("strange `name`");
    assertThat(TablesRead.rename(there, Map.of("strange `name`", "events"))).isEqualTo(sql);
  }

  @Test
  void twoTablesCanChangePlaces() {
    assertThat(TablesRead.rename("SELECT * FROM a, b", Map.of("a", "b", "b", "a")))
        .isEqualTo("SELECT * FROM b, a");
  }

  @Test
  void aNewNameThatACteHidesIsRefused() {
    assertThatThrownBy(() ->
            TablesRead.rename(
                "WITH events_1 AS (SELECT 1) SELECT * FROM events, events_1",
                Map.of("events", "events_1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("events_1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "(",
        ")",
        "FROM",
        "JOIN",
        "SELECT * FROM",
        "WITH",
        "WITH a AS",
        "FROM a.",
        "IN",
        "x IN",
        "{%",
        "FROM {{",
        "UNION",
        "FROM (",
        "EXCEPT"
      })
  void brokenTextsGiveAnAnswer(String sql) {
    assertThat(TablesRead.of(sql).unions()).isEqualTo(sql.equals("UNION"));
  }

  @Test
  void referencesPointAtTheText() {
    var sql = "SELECT * FROM  `ws` . events  AS e";

    var reference = TablesRead.of(sql).references().getFirst();

    assertThat(reference.name()).isEqualTo("ws.events");
    assertThat(sql.substring(reference.start(), reference.end())).isEqualTo("`ws` . events");
    assertThat(reference.aliased()).isTrue();
  }

  @Test
  void absurdNestingIsRefusedInsteadOfOverflowingTheStack() {
    var deep = 990;
    assertThat(TablesRead.of("(".repeat(deep) + "SELECT 1 FROM a" + ")".repeat(deep)).names())
        .isEqualTo(Set.of("a"));
    assertThatThrownBy(() -> TablesRead.of("(".repeat(100_000)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
