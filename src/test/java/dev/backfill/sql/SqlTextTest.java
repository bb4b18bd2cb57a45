package dev.backfill.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlTextTest {

  @ParameterizedTest(name = "{0} = {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "select a  from t;                  | SELECT a FROM t",
        "SELECT a -- why\\nFROM t            | SELECT a /* x */ FROM t",
        "SELECT `a`, \"b\" FROM t         | SELECT a,b FROM t",
        "d + INTERVAL 90 DAY                | d + toIntervalDay(90)",
        "d + interval 1 months              | d + toIntervalMonth( 1 )",
        "d + INTERVAL (a + 1) HOUR          | d + toIntervalHour(a+1)",
        "d + INTERVAL {{n}} DAY             | d + toIntervalDay({{n}})",
        "a = 'it''s'                        | a = 'it\\'s'",
        "a == 1 AND b <> 2                  | a = 1 and b != 2",
        "count( ) ;;                        | count()",
        "{{ String(x) }}                    | {{String(x)}}",
        "a is not null                      | a IS NOT NULL",
        "a.`b`                              | a . b",
        "CASE WHEN a THEN 1 ELSE 2 END      | case when a then 1 else 2 end",
      })
  void theseMeanTheSame(String left, String right) {
    assertThat(SqlText.normalise(left.replace("\\n", "\n")))
        .isEqualTo(SqlText.normalise(right.replace("\\n", "\n")));
  }

  @ParameterizedTest(name = "{0} <> {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "SELECT a                 | SELECT A",
        "todate(a)                | toDate(a)",
        "'a'                      | 'A'",
        "'a b'                    | 'a  b'",
        "'a'                      | a",
        "`order`                  | ORDER",
        "`null`                   | NULL",
        "`inf`                    | inf",
        "a AS Left                | a AS left",
        "t.Order                  | t.order",
        "any(x)                   | ANY(x)",
        "a - 1                    | a -- 1",
        "ab                       | a b",
        "a.1                      | a .2",
        "1.5                      | 1 . 5",
        "INTERVAL 1 DAY           | INTERVAL 1 MONTH",
        "INTERVAL 1 DAY           | INTERVAL 2 DAY",
        "{{String(x)}}            | {{String(y)}}",
        "t_{{x}}                  | t_ {{x}}",
        "'{{ x }}'                | '{{x}}'",
        "{% if a %} x {% end %}   | x",
        "'\\xE9'                  | 'é'",
        "'100\\%'                 | '100%'",
        "(a)                      | [a]",
        "a < = b                  | a <= b",
        "`a.b`                    | a.b",
      })
  void theseDoNot(String left, String right) {
    assertThat(SqlText.normalise(left)).isNotEqualTo(SqlText.normalise(right));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "select a,b , f( x )from `t`  where a in(1,2) and b[ 1 ]=-1 -- c | SELECT a, b, f(x) FROM t WHERE a IN (1, 2) AND b [1] = - 1",
        "toDate( `timestamp` ) | toDate(timestamp)",
      })
  void writesOneReadableForm(String sql, String expected) {
    var normal = SqlText.normalise(sql);

    assertThat(normal).isEqualTo(expected);
    assertThat(SqlText.normalise(normal)).isEqualTo(normal);
  }

  @Test
  void cutsOnlyOutsideOfBracketsAndQuotes() {
    assertThat(SqlText.splitTopLevel("a, f(b, c) , 'x,y', [1,2], `p,q`, {{f(a, b)}} ,", ','))
        .containsExactly("a", "f(b, c)", "'x,y'", "[1,2]", "`p,q`", "{{f(a, b)}}", "");
    assertThat(SqlText.splitTopLevel(" ", ',')).isEmpty();
    assertThat(SqlText.splitTopLevel("a;b", ';')).containsExactly("a", "b");
  }

  @Test
  void keysAreListsOfExpressions() {
    var key = List.of("a", "toDate(b)");

    assertThat(SqlText.normaliseKey("a, toDate( b )")).isEqualTo(key);
    assertThat(SqlText.normaliseKey("(`a`,toDate(b))")).isEqualTo(key);
    assertThat(SqlText.normaliseKey("tuple(a, toDate(b))")).isEqualTo(key);
    assertThat(SqlText.normaliseKey("")).isEmpty();
    assertThat(SqlText.normaliseKey(" tuple() ")).isEmpty();
    assertThat(SqlText.normaliseKey("(a), (b)")).containsExactly("(a)", "(b)");
    assertThat(SqlText.normaliseKey("((a, b), c)")).containsExactly("(a, b)", "c");
    assertThat(SqlText.normaliseKey("toYYYYMM(ts)")).containsExactly("toYYYYMM(ts)");
  }

  @Test
  void nestedIntervalsAreWrittenInPlace() {
    assertThat(SqlText.normalise("INTERVAL (INTERVAL 1 DAY + (2)) HOUR"))
        .isEqualTo(SqlText.normalise("toIntervalHour(toIntervalDay(1) + (2))"));
  }

  @Test
  void nestingTwiceAsDeepDoesNotTakeFourTimesAsLong() {
    assertTimeout(
        Duration.ofSeconds(40),
        () -> {
          for (var text : List.of("INTERVAL (", "INTERVAL (1", "(", "tuple(")) {
            SqlText.normaliseKey(text.repeat(30_000));
            SqlText.normaliseKey(text.repeat(30_000) + ") DAY".repeat(30_000));
            SqlText.normaliseKey(text.repeat(30_000) + ")".repeat(30_000));
          }
        });
  }

  @ParameterizedTest
  @CsvSource({"events,events", "order,`order`", "a b,`a b`", "1a,`1a`", "a`b,`a\\`b`"})
  void namesGetBackticksWhereNeeded(String name, String expected) {
    assertThat(SqlText.name(name)).isEqualTo(expected);
  }
}
