package dev.backfill.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuoteTest {
  private static final String HOSTILE = "'`\"\\ \n\r\t\0;-/*#{%}$ax0Nü😀,()=";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x'; DROP TABLE t; --",
        "\\",
        "\\'",
        "''",
        "`",
        "a\nb",
        "\0",
        "{{String(x)}}",
        "$$",
        "*/",
        "\\x27",
        "ü😀"
      })
  void aQuotedTextIsOneTokenThatMeansTheText(String text) {
    assertThat(Tokens.of(Quote.literal(text)))
        .singleElement()
        .satisfies(token -> {
          assertThat(token.kind()).isEqualTo(Token.Kind.STRING);
          assertThat(token.value()).isEqualTo(text);
        });
    assertThat(Tokens.of(Quote.identifier(text)))
        .singleElement()
        .satisfies(token -> {
          assertThat(token.kind()).isEqualTo(Token.Kind.QUOTED_NAME);
          assertThat(token.value()).isEqualTo(text);
        });
  }

  @Test
  void noRandomTextLeavesItsQuotes() {
    var seed = 20261122L;
    var random = new Random(seed);
    for (var round = 0; round < 20_000; round++) {
      var text = new StringBuilder();
      for (var i = random.nextInt(1, 9); i > 0; i--) {
        text.append(HOSTILE.charAt(random.nextInt(HOSTILE.length())));
      }
      var sql =
          "a " + Quote.literal(text.toString()) + " b " + Quote.identifier(text.toString()) + " c";

      var tokens = closedQuotes(sql);

      assertThat(tokens).as("seed %s, text %s", seed, text).isEqualTo("a ' b ` c");
      assertThat(sql).doesNotContain("\n", "\r", "\0");
    }
  }

  /// A second, much simpler reader than [Tokens]: replaces quoted texts by their quote.
  private static String closedQuotes(String sql) {
    var out = new StringBuilder();
    for (var i = 0; i < sql.length(); i++) {
      var c = sql.charAt(i);
      out.append(c);
      if (c == '\'' || c == '`') {
        i++;
        while (sql.charAt(i) != c) {
          i += sql.charAt(i) == '\\' ? 2 : 1;
        }
      }
    }
    return out.toString();
  }

  @Test
  void anEmptyNameIsRefused() {
    assertThatThrownBy(() -> Quote.identifier("")).isInstanceOf(IllegalArgumentException.class);
    assertThat(Quote.literal("")).isEqualTo("''");
  }
}
