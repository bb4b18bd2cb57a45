package dev.backfill.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.local.engine.EngineException;
import dev.backfill.project.ProjectReader;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
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
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The scanner next to the parser it imitates: ClickHouse's `EXPLAIN AST` for where tables are
/// named, its resolved query tree for which of those names are CTEs.
@EngineTest
class TablesReadOracleTest {
  private static final Pattern TABLE =
      Pattern.compile(" *TableIdentifier (.*?)(?: \\(alias .*\\))?");
  private static final Pattern TREE_TABLE = Pattern.compile(".*table_name: [^.]*\\.([^,]*).*");
  private static final Pattern CTE =
      Pattern.compile(
          "(?i)([`\"]?)(\\w+)\\1\\s*(?:\\([^()]*\\)\\s*)?\\bAS\\s+(?:MATERIALIZED\\s+)?\\(\\s*(?:SELECT|WITH|FROM|\\()");

  static Stream<String> statements() {
    return STATEMENTS.lines().filter(line -> !line.isBlank());
  }

  static Stream<String> scoped() {
    return SCOPED.lines().filter(line -> !line.isBlank());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("statements")
  void findsTheTablesClickHouseFinds(String sql) {
    assertThat(scanned(sql)).isEqualTo(parsed(sql));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("scoped")
  void knowsWhichNamesAreCtesWhereClickHouseDoes(String sql) {
    try (var session = TestEngine.shared().session(Map.of())) {
      session.run("CREATE DATABASE IF NOT EXISTS oracle");
      for (var table : List.of("a", "b", "c", "d")) {
        session.run(
            "CREATE TABLE IF NOT EXISTS oracle." + table + " (x UInt8, i UInt8) ENGINE = Memory");
      }
    }
    try (var session = TestEngine.shared().readOnly("oracle", Map.of())) {
      var resolved = new TreeSet<String>();
      session
          .query("EXPLAIN QUERY TREE run_passes = 1 " + sql, "TSVRaw")
          .text()
          .lines()
          .forEach(line -> {
            var matcher = TREE_TABLE.matcher(line);
            if (matcher.matches() && !matcher.group(1).startsWith("_tmp_")) {
              resolved.add(matcher.group(1));
            }
          });

      assertThat(
              TablesRead.of(sql).names().stream().map(name -> name.replace("oracle.", "")).toList())
          .containsExactlyInAnyOrderElementsOf(resolved);
    }
  }

  static Stream<String> templates() {
    return TEMPLATES.lines().filter(line -> !line.isBlank());
  }

  /// What the scanner finds in the template is what ClickHouse finds in all that it can become.
  @ParameterizedTest(name = "{0}")
  @MethodSource("templates")
  void findsTheTablesOfEveryBranch(String template) {
    var parsed = new TreeSet<String>();
    var renderings = Renderings.of(template);
    renderings.forEach(sql -> parsed.addAll(parsed(sql)));
    parsed.removeAll(ctes(template));

    assertThat(found(template)).as("%d renderings", renderings.size()).isEqualTo(parsed);
  }

  /// Plain names and the literals of `table('x')`.
  private static java.util.SortedSet<String> found(String template) {
    var names = new TreeSet<>(scanned(template));
    TablesRead.of(template).dynamic().stream()
        .filter(name -> name.matches("\\w+"))
        .forEach(names::add);
    return names;
  }

  /// `-Dcases=DIR`: all nodes of every project below it, in every revision that is checked out
  /// there.
  @Test
  @EnabledIfSystemProperty(named = "cases", matches = ".+")
  void findsTheTablesOfTheCases() throws IOException {
    var checked = 0;
    var skipped = 0;
    var renderings = 0;
    var unparsed = 0;
    var wrong = new ArrayList<String>();
    try (var projects = Files.list(Path.of(System.getProperty("cases")))) {
      for (var project : projects.filter(Files::isDirectory).toList()) {
        for (var sql : nodes(project)) {
          try {
            var parsed = new TreeSet<String>();
            for (var rendered : Renderings.of(sql)) {
              try {
                parsed.addAll(parsed(rendered));
              } catch (EngineException e) {
                // values of our choice don't always fit
                unparsed++;
                continue;
              }
              renderings++;
              if (!scanned(rendered).equals(parsed(rendered))) {
                wrong.add(
                    rendered + "\n  scanner " + scanned(rendered) + ", not " + parsed(rendered));
              }
            }
            parsed.removeAll(ctes(sql));
            if (!found(sql).containsAll(parsed)) {
              wrong.add(sql + "\n  scanner " + found(sql) + ", ClickHouse " + parsed);
            }
            checked++;
          } catch (TemplateException e) {
            skipped++;
          }
        }
      }
    }
    System.out.println(
        checked
            + " nodes compared in "
            + renderings
            + " renderings, "
            + unparsed
            + " renderings that are no SQL, "
            + skipped
            + " nodes that are no template we read");

    assertThat(wrong).isEmpty();
    assertThat(checked).isPositive();
  }

  private static List<String> nodes(Path folder) throws IOException {
    var files = new TreeMap<String, String>();
    try (var found = Files.walk(folder)) {
      for (var file : found.filter(f -> f.toString().endsWith(".pipe")).toList()) {
        files.put("pipes/p" + files.size() + "_" + file.getFileName(), Files.readString(file));
      }
    }
    return ProjectReader.read(files).pipes().values().stream()
        .flatMap(pipe -> pipe.nodes().stream())
        .map(node -> node.sql())
        .distinct()
        .toList();
  }

  /// Table names that aren't a CTE anywhere in the statement: the AST doesn't resolve scopes.
  private static java.util.SortedSet<String> scanned(String sql) {
    var names = new TreeSet<>(TablesRead.of(sql).names());
    names.removeAll(ctes(sql));
    return names;
  }

  private static java.util.SortedSet<String> parsed(String sql) {
    var names = new TreeSet<String>();
    try (var session = TestEngine.shared().session(Map.of())) {
      session
          .query("EXPLAIN AST " + sql, "TSVRaw")
          .text()
          .lines()
          .forEach(line -> {
            var matcher = TABLE.matcher(line);
            if (matcher.matches()) {
              names.add(matcher.group(1));
            }
          });
    }
    names.removeAll(ctes(sql));
    return names;
  }

  private static List<String> ctes(String sql) {
    return CTE.matcher(sql).results().map(match -> match.group(2)).toList();
  }

  private static final String SCOPED =
      """
      WITH a AS (SELECT * FROM b) SELECT * FROM a
      WITH a AS (SELECT * FROM a) SELECT * FROM a
      WITH a AS (SELECT * FROM a), b AS (SELECT * FROM a) SELECT * FROM b
      WITH b AS (SELECT * FROM a), a AS (SELECT * FROM b) SELECT * FROM a
      WITH a AS (SELECT x FROM d) SELECT * FROM (SELECT * FROM a) AS q, b
      SELECT * FROM (WITH c AS (SELECT * FROM a) SELECT * FROM c) AS q, c
      WITH c AS (SELECT * FROM a) SELECT * FROM c WHERE x IN (SELECT x FROM c)
      SELECT x FROM a WHERE x IN (WITH b AS (SELECT x FROM d) SELECT x FROM b) AND i IN (SELECT i FROM b)
      WITH c AS (SELECT x FROM a) SELECT x FROM c UNION ALL SELECT x FROM c
      (WITH c AS (SELECT x FROM a) SELECT x FROM c) UNION ALL SELECT x FROM c
      SELECT x FROM c UNION ALL (WITH c AS (SELECT x FROM a) SELECT x FROM c)
      (WITH c AS (SELECT x FROM a) SELECT x FROM c) EXCEPT SELECT x FROM c
      (WITH c AS (SELECT x FROM a) SELECT x FROM c) UNION ALL (SELECT x FROM (SELECT x FROM c) AS q)
      ((WITH c AS (SELECT x FROM a) SELECT x FROM c) UNION ALL SELECT x FROM b) UNION ALL SELECT x FROM c
      ((WITH c AS (SELECT x FROM a) SELECT x FROM c) UNION ALL SELECT x FROM b) UNION DISTINCT SELECT x FROM c
      WITH c AS (SELECT x FROM a) SELECT x FROM c UNION ALL WITH c AS (SELECT x FROM b) SELECT x FROM c
      WITH c AS (SELECT x FROM a) SELECT x FROM c UNION ALL SELECT x FROM d UNION ALL (WITH d AS (SELECT x FROM c) SELECT x FROM d)
      WITH c AS (SELECT x FROM a) SELECT x FROM c EXCEPT SELECT x FROM c
      WITH c AS (SELECT x FROM a) SELECT x FROM c INTERSECT SELECT x FROM c UNION ALL SELECT x FROM c
      SELECT x FROM b UNION ALL WITH c AS (SELECT x FROM a) SELECT x FROM c UNION ALL SELECT x FROM c
      WITH d AS ((WITH c AS (SELECT x FROM a) SELECT x FROM c) UNION ALL SELECT x FROM c) SELECT * FROM d, c
      WITH c AS (WITH d AS (SELECT x FROM a) SELECT x FROM d) SELECT c.x FROM c, d
      WITH c AS (SELECT x FROM a) SELECT * FROM oracle.c JOIN c ON oracle.c.x = c.x
      WITH a AS (SELECT x FROM b), (SELECT max(x) FROM a) AS m SELECT m FROM a
      WITH 1 AS a SELECT a FROM a
      WITH a AS (SELECT x FROM b) SELECT (SELECT max(x) FROM a) AS a FROM c
      WITH RECURSIVE c AS (SELECT x FROM a UNION ALL SELECT toUInt8(x + 1) FROM c WHERE x < 3) SELECT * FROM c
      """;

  private static final String TEMPLATES =
      """
      SELECT * FROM {% if defined(x) %} a {% else %} b {% end %} WHERE y
      SELECT * FROM {% if x == 'd' %} a {% elif x == 'h' %} b {% else %} c {% end %} AS t JOIN d USING y
      SELECT * FROM a {% if defined(x) %} WHERE y = {{String(x)}} {% end %} ORDER BY z
      SELECT * FROM a WHERE 1 {% if defined(x) %} AND y IN (SELECT y FROM b) {% end %}
      SELECT * FROM a WHERE {% if defined(x) %} y IN (SELECT y FROM b) {% else %} z IN (SELECT z FROM c) {% end %}
      SELECT * FROM a {% if defined(x) %} JOIN b USING y {% end %} {% if defined(z) %} LEFT JOIN c USING y {% end %}
      SELECT * FROM a {% if defined(x) %} JOIN b ON a.y = b.y {% else %} JOIN c ON a.y = c.y {% end %} WHERE 1
      SELECT y {% if defined(x) %}, (SELECT max(y) FROM b) AS m {% end %} FROM a
      {% if defined(x) %} SELECT y FROM a {% else %} SELECT y FROM b {% end %}
      {% if defined(x) %} WITH c AS (SELECT y FROM a) SELECT y FROM c {% else %} SELECT y FROM b {% end %}
      WITH c AS (SELECT * FROM {% if defined(x) %} a {% else %} b {% end %}) SELECT * FROM c
      WITH c AS (SELECT * FROM a {% if defined(x) %} WHERE y IN (SELECT y FROM b) {% end %}), d AS (SELECT * FROM c) SELECT * FROM d, e
      SELECT * FROM a UNION ALL {% if defined(x) %} SELECT * FROM b {% else %} SELECT * FROM c {% end %}
      SELECT * FROM a {% if defined(x) %} UNION ALL SELECT * FROM b {% end %} {% if defined(y) %} UNION ALL SELECT * FROM c {% end %}
      {% for t in ['x', 'y'] %} SELECT * FROM a UNION ALL {% end %} SELECT * FROM b
      SELECT * FROM (SELECT * FROM {% if defined(x) %} a {% else %} (SELECT * FROM b) AS q {% end %}) AS r
      SELECT * FROM (SELECT * FROM a {% if defined(x) %} WHERE y {% else %} FINAL {% end %}) AS q, b
      SELECT * FROM a {% if defined(f) %} FINAL {% end %} WHERE y
      SELECT * FROM a AS {% if defined(f) %} t {% else %} u {% end %}, b
      SELECT * FROM {% if defined(x) %} a AS t, b AS u {% else %} c AS t, d AS u {% end %} WHERE t.y = u.y
      SELECT * FROM {% if defined(x) %} a FINAL {% elif defined(y) %} b AS z {% else %} numbers(3) {% end %} LIMIT 1
      SELECT {% if defined(x) %} y {% else %} z {% end %} FROM a GROUP BY {% if defined(x) %} y {% else %} z {% end %}
      SELECT {{column(c)}}, count() FROM a GROUP BY {{column(c)}} HAVING count() > {{Int32(n, 1)}}
      SELECT * FROM {{table('a')}} WHERE y = {{String(x, 'FROM b')}}
      SELECT * FROM {% if defined(x) %} {{table('a')}} {% else %} {{TABLE('b')}} {% end %} JOIN c USING y
      SELECT * FROM a WHERE y IN {{Array(ids, 'String', 'x,y')}} AND z BETWEEN {{Date(f)}} AND {{Date(t)}}
      SELECT * FROM a WHERE t >= {{DateTime(f, '2024-01-01 00:00:00')}} {% if defined(t) %} AND t < {{DateTime(t)}} {% end %} LIMIT {{Int32(n, 10)}}
      {% set k = 'FROM b' %} SELECT * FROM a WHERE y = {{String(k)}}
      {# FROM b #} SELECT * FROM a
      SELECT * FROM a /* {% if defined(x) %} FROM b {% end %} */ WHERE y
      SELECT 'FROM b' AS s FROM a WHERE {% if defined(x) %} s = 'FROM c' {% else %} 1 {% end %}
      SELECT * FROM a {% if defined(x) and x == 'FROM b' %} WHERE y {% end %}
      SELECT * FROM a {% if defined(x) %} {% if defined(y) %} JOIN b USING z {% else %} JOIN c USING z {% end %} {% else %} JOIN d USING z {% end %}
      SELECT * FROM {% if defined(x) %} {% if defined(y) %} a {% else %} b {% end %} {% else %} c {% end %} JOIN d USING z
      SELECT * FROM a ARRAY JOIN {% if defined(x) %} xs {% else %} ys {% end %} AS v JOIN b USING v
      SELECT sum(y) OVER ({% if defined(x) %} PARTITION BY z {% end %} ORDER BY t) FROM a
      SELECT multiIf({% for c in ['x', 'y'] %} s = {{String(c)}}, 1, {% end %} 0) AS k FROM a
      SELECT * FROM a ORDER BY {% if defined(x) %} y WITH FILL FROM 1 TO 5 {% else %} y {% end %}
      SELECT EXTRACT(YEAR FROM d) {% if defined(x) %}, substring(s FROM 2) {% end %} FROM a
      SELECT y FROM a {% if defined(x) %} EXCEPT SELECT y FROM b {% else %} INTERSECT SELECT y FROM c {% end %}
      SELECT * EXCEPT ({% if defined(x) %} y {% else %} z {% end %}) FROM a
      SELECT * FROM a WHERE (y, z) IN (SELECT y, {% if defined(x) %} z FROM b {% else %} w FROM c {% end %})
      SELECT * FROM a ASOF JOIN {% if defined(x) %} b {% else %} c {% end %} ON a.k = k AND a.t >= t
      SELECT * FROM (SELECT y FROM a {% if defined(x) %} UNION ALL SELECT y FROM b {% end %}) AS q LEFT JOIN c USING y
      """;

  private static final String STATEMENTS =
      """
      SELECT 1
      SELECT * FROM a
      SELECT * FROM a, b AS x, c
      SELECT * FROM a x LEFT JOIN b y ON x.i = y.i
      SELECT * FROM a JOIN b ON a.x = b.x, c
      SELECT DISTINCT ON (x) y, z FROM a
      SELECT * FROM a FINAL SAMPLE 1/10 WHERE x
      SELECT * FROM a AS t FINAL SAMPLE 1/10 OFFSET 1/2, b
      SELECT * FROM ws.a
      SELECT * FROM `a b`."c"
      SELECT * FROM "a.b"
      SELECT * FROM a ARRAY JOIN xs AS x, ys AS y
      SELECT * FROM a LEFT ARRAY JOIN xs
      SELECT * FROM a LEFT ARRAY JOIN xs AS x INNER JOIN b ON x = b.x
      SELECT * FROM numbers(10) n, a
      SELECT * FROM merge('db', '^x'), a
      SELECT * FROM remote('h', view(SELECT * FROM a)), b
      SELECT * FROM view(SELECT * FROM a) AS v JOIN b USING x
      SELECT * FROM (SELECT * FROM (SELECT * FROM a))
      SELECT x FROM a ORDER BY x WITH FILL FROM 1 TO 5, y
      SELECT x FROM a ORDER BY x WITH FILL FROM 1 TO 5 STEP 1 INTERPOLATE (y AS y + 1)
      SELECT x IS NOT DISTINCT FROM y FROM a
      SELECT x IS DISTINCT FROM y FROM a
      SELECT * FROM a JOIN b ON a.x IS NOT DISTINCT FROM b.x, c
      SELECT * FROM a JOIN b ON a.x <=> b.x LEFT JOIN c ON c.x = b.x
      SELECT a FROM t GROUP BY a WITH TOTALS
      SELECT a FROM t GROUP BY a WITH ROLLUP
      SELECT a FROM t GROUP BY GROUPING SETS ((a), ())
      SELECT a FROM t ORDER BY a LIMIT 1 WITH TIES
      SELECT a FROM t LIMIT 1 BY a LIMIT 5
      SELECT a FROM t LIMIT 1 OFFSET 2 SETTINGS max_threads = 1
      SELECT extract(YEAR FROM d), trim(BOTH 'x' FROM s), substring(s FROM 2 FOR 3) FROM a
      SELECT EXTRACT(DAY FROM (SELECT max(d) FROM b)) FROM a
      SELECT * EXCEPT (x) FROM a EXCEPT SELECT * FROM b
      SELECT * EXCEPT x, y FROM a
      SELECT * REPLACE (x + 1 AS x) FROM a
      SELECT * APPLY (sum) FROM a
      SELECT COLUMNS('x') EXCEPT (y), a.* FROM a
      SELECT * FROM a UNION ALL SELECT * FROM b
      SELECT * FROM a UNION DISTINCT SELECT * FROM b INTERSECT SELECT * FROM c
      (SELECT * FROM a) UNION ALL (SELECT * FROM b)
      ((SELECT * FROM a) UNION ALL (SELECT * FROM b)) EXCEPT (SELECT * FROM c)
      SELECT * FROM ((SELECT * FROM a) UNION ALL (SELECT * FROM b))
      SELECT * FROM ((SELECT * FROM a) UNION ALL SELECT * FROM b) AS u, c
      FROM a SELECT x
      FROM a JOIN b USING (x) SELECT x WHERE y
      WITH 1 AS y FROM a SELECT y
      SELECT * FROM a WHERE x IN (SELECT x FROM b)
      SELECT * FROM a WHERE x GLOBAL NOT IN (SELECT x FROM b)
      SELECT * FROM a WHERE (x, y) IN (SELECT x, y FROM b) AND z = (SELECT 1 FROM c)
      SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b)
      SELECT * FROM a WHERE x = ANY (SELECT x FROM b)
      SELECT (SELECT max(x) FROM b) FROM a
      SELECT if(x IN (SELECT x FROM b), [(SELECT 1 FROM c)], 2) FROM a
      SELECT CASE WHEN x IN (SELECT x FROM b) THEN 1 ELSE (SELECT 2 FROM c) END FROM a
      WITH c AS (SELECT * FROM a) SELECT * FROM c JOIN b USING x
      WITH c AS (SELECT 1), d AS (SELECT * FROM c) SELECT * FROM d, e
      WITH c (x, y) AS (SELECT * FROM a) SELECT * FROM c
      WITH RECURSIVE c AS (SELECT 1 AS x UNION ALL SELECT x FROM c) SELECT * FROM c, a
      WITH (SELECT max(x) FROM b) AS m, 1 AS n SELECT * FROM a
      WITH now() AS n SELECT n FROM a
      WITH x -> x + 1 AS f SELECT f(y) FROM a
      WITH (SELECT 1 FROM b) + 1 AS m, c AS ((SELECT * FROM a)) SELECT m FROM c
      WITH c AS (FROM a SELECT x) SELECT * FROM c
      SELECT 'FROM x' /* FROM y */ FROM a -- FROM z
      SELECT 'it''s FROM x', 'a\\' FROM y', "FROM" FROM a
      SELECT $$ FROM x $$, $t$ FROM y $$ $t$ FROM a
      SELECT `from` FROM a
      SELECT `fr\\`om x` FROM `a\\`b`
      SELECT x AS c FROM a WHERE c IN d
      SELECT x FROM a WHERE x NOT IN d.e AND y IN (f)
      SELECT position('a' IN s) FROM a
      SELECT * FROM 2024_events
      SELECT t.1, t.2.x, arr[1].2 FROM a AS t
      SELECT 1.e3, 1., .5, 0x1F, 1e-3 FROM a
      SELECT x::Array(String), y::Tuple(a String, b Int8) FROM a
      SELECT CAST(x AS Nullable(DateTime64(3, 'UTC'))) FROM a
      SELECT x ? y : z, a ? 'FROM b' : c FROM t
      SELECT sum(x) OVER (PARTITION BY y ORDER BY z ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM a
      SELECT sum(x) OVER w FROM a WINDOW w AS (PARTITION BY y), v AS (ORDER BY z)
      SELECT sum(x) FILTER (WHERE y IN (SELECT y FROM b)) FROM a
      SELECT x FROM a PREWHERE y IN (SELECT y FROM b) WHERE z QUALIFY row_number() OVER () = 1
      SELECT x FROM a HAVING count() > (SELECT 1 FROM b)
      SELECT * FROM a ASOF LEFT JOIN b ON a.x = b.x AND a.t >= b.t
      SELECT * FROM a GLOBAL ANY LEFT JOIN b USING x
      SELECT * FROM a LEFT ANTI JOIN b USING (x, y) SEMI LEFT JOIN c USING x
      SELECT * FROM a FULL OUTER JOIN b ON a.x = b.x CROSS JOIN c
      SELECT * FROM a PASTE JOIN b
      SELECT * FROM a JOIN (SELECT * FROM b) AS q ON q.x = a.x JOIN c ON c.x IN (SELECT x FROM d)
      SELECT * FROM a JOIN b ON f(a.x, b.x) AND a.y IN (1, 2), c
      SELECT * FROM a JOIN b ON a.x = b.x WHERE y IN (1, 2) ORDER BY x, y
      SELECT * FROM a JOIN b ON a.x = b.x AND a.y BETWEEN b.y AND b.z GROUP BY a.x, a.y
      SELECT * FROM a AS `from`, b AS "join"
      SELECT a.x AS `join`, b FROM a
      SELECT x AS final, y AS sample FROM a final
      SELECT date, time, key, value, first, last, format FROM a
      SELECT any(x), left(s, 1), right(s, 1), array(1), replace(s, 'a', 'b') FROM a
      SELECT INTERVAL 1 DAY, INTERVAL '1 day', DATE '2024-01-01', TIMESTAMP '2024-01-01 00:00:00' FROM a
      SELECT x FROM a WHERE s LIKE '%FROM b%' ESCAPE '!' OR s ILIKE 'x'
      SELECT x FROM a WHERE NOT x BETWEEN 1 AND 2 AND y IS NOT NULL
      SELECT arrayMap(x -> x + (SELECT 1 FROM b), xs), arrayMap((x, y) -> x, xs, ys) FROM a
      SELECT x # FROM y
      SELECT 1 FROM a # FROM b
      SELECT x FROM a FORMAT TSV
      SELECT x FROM a WHERE tuple IN ((1, 2), (3, 4))
      SELECT * FROM a JOIN b ON a.x = b.x SETTINGS join_algorithm = 'hash', max_threads = 1
      SELECT * FROM values('x UInt8, y String', (1, 'FROM z'))
      SELECT * FROM generateSeries(1, (SELECT max(x) FROM a))
      SELECT joinGet('j', 'v', x), dictGet('d', 'v', x) FROM a
      SELECT * FROM cluster('c', db, t), a
      SELECT * FROM url('http://x/FROM', CSV, 'a String')
      EXPLAIN SELECT * FROM a
      """;
}
