package dev.backfill.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.sql.Token.Kind;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokensTest {
  private static List<String> texts(String sql) {
    return Tokens.of(sql).stream().map(Token::text).toList();
  }

  @Test
  void commentsGiveNothing() {
    assertThat(
            texts(
                """
                a -- one 'x
                b /* two ` */ c # three "
                #! four
                d {# five ' #} e--six\
                """))
        .containsExactly("a", "b", "c", "d", "e");
  }

  @Test
  void aNumberSignInsideAWordIsNoComment() {
    assertThat(texts("a #b")).containsExactly("a", "#", "b");
  }

  @Test
  void tagsInCommentsStillCount() {
    assertThat(texts("-- {% if x %} a\n b /* {% end %} c */"))
        .containsExactly("{% if x %}", "b", "{% end %}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'it''s'          | STRING      | it's",
        "'a\\'b'          | STRING      | a'b",
        "'100\\%'         | STRING      | 100\\%",
        "'\\x41'          | STRING      | A",
        "'--no'           | STRING      | --no",
        "$t$it's $t$      | STRING      | it's ",
        "$$x$$            | STRING      | x",
        "`a``b`           | QUOTED_NAME | a`b",
        "~\"a b\"~        | QUOTED_NAME | a b",
        "2024_events      | WORD        | 2024_events",
        "1d               | WORD        | 1d",
        "2024             | NUMBER      | 2024",
        "1.5e-3           | NUMBER      | 1.5e-3",
        "0xFF             | NUMBER      | 0xFF",
        "1_000            | NUMBER      | 1_000",
        "${BACKFILL_T}    | VARIABLE    | ${BACKFILL_T}",
        "$NAME            | VARIABLE    | $NAME",
        "{{ f('}') }}     | EXPRESSION  | {{ f('}') }}",
        "{%- if x %}      | TAG         | {%- if x %}",
        "<=               | SYMBOL      | <=",
        "'open            | STRING      | open",
      })
  void oneToken(String sql, Kind kind, String value) {
    assertThat(Tokens.of(sql))
        .singleElement()
        .satisfies(token -> {
          assertThat(token.kind()).isEqualTo(kind);
          assertThat(token.value().strip()).isEqualTo(value.strip());
        });
  }

  @Test
  void aTagInsideQuotesMayHoldQuotes() {
    assertThat(texts("'a {{f(x, 'd')}} b', c")).containsExactly("'a {{f(x, 'd')}} b'", ",", "c");
    assertThat(texts("'{% if x == 'd' %}e{% end %}'")).hasSize(1);
  }

  @Test
  void textsThatOnlyLookLikeTagsEndAtTheirQuote() {
    assertThat(texts("'{{' , a, '}}'")).containsExactly("'{{'", ",", "a", ",", "'}}'");
    assertThat(texts("'{% x', '%}'")).containsExactly("'{% x'", ",", "'%}'");
  }

  @Test
  void tupleElementsAreNotFractions() {
    assertThat(texts("t.1.2 + 1.2")).containsExactly("t", ".", "1", ".", "2", "+", "1.2");
  }

  @Test
  void anyTextIsCutWithoutLossOrOverlap() {
    var alphabet = "ab1.'`\"\\ \n-#!*/${}%()[]<=:|;e+x_ü😀";
    var random = new Random(7);
    for (var round = 0; round < 20_000; round++) {
      var text = new StringBuilder();
      for (var i = random.nextInt(12); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      var sql = text.toString();
      var last = 0;
      for (var token : Tokens.of(sql)) {
        assertThat(token.start()).as(sql).isGreaterThanOrEqualTo(last);
        assertThat(token.text()).as(sql).isEqualTo(sql.substring(token.start(), token.end()));
        assertThat(token.value()).as(sql).isNotNull();
        last = token.end();
      }
    }
  }

  @Test
  void aLongHostileTextIsReadWithoutDeepRecursion() {
    assertThat(Tokens.of("1" + "_1".repeat(200_000))).hasSize(1);
    assertThat(Tokens.of("'" + "\\'".repeat(200_000))).hasSize(1);
  }
}
