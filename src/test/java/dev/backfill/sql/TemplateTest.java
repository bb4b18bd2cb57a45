package dev.backfill.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {
  private static final Map<String, String> GIVEN =
      Map.of(
          "s",
          "it's",
          "n",
          "7",
          "neg",
          "-7",
          "f",
          "1.5",
          "t",
          "2026-01-31 13:30:00",
          "list",
          "a,b",
          "nums",
          "1,-2",
          "yes",
          "true",
          "col",
          "order");

  private static String render(String body) {
    return Template.renderBody(body, GIVEN);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{{String(s)}}                               | 'it\\'s'",
        "{{ String(x, 'd', description=\"a, b\") }}  | 'd'",
        "{{String(x, default='d')}}                  | 'd'",
        "{{s}}                                       | 'it\\'s'",
        "{{UInt64(n)}}                               | toUInt64('7')",
        "{{UInt64(x, 5)}}                            | toUInt64('5')",
        "{{Int8(neg)}}                               | toInt8('-7')",
        "{{Int(neg)}}                                | (-7)",
        "{{Float64(f)}}                              | toFloat64('1.5')",
        "{{Boolean(yes)}}                            | 1",
        "{{Date(x, '2024-02-29')}}                   | toDate('2024-02-29')",
        "{{DateTime(t)}}                             | toDateTime('2026-01-31 13:30:00')",
        "{{DateTime64(x, '2026-01-31 13:30:00.123')}} | toDateTime64('2026-01-31 13:30:00.123', 3)",
        "{{Array(list, 'String')}}                   | ['a','b']",
        "{{Array(nums, 'Int32')}}                    | [1,-2]",
        "{{Array(x, 'String', default='p,q')}}       | ['p','q']",
        "{{Array(x, 'UInt8', [1, 2])}}               | [1,2]",
        "{{column(col)}}                             | `order`",
        "{{table('ws.t')}}                           | `ws`.`t`",
        "{% if defined(n) %}a{% else %}b{% end %}    | a",
        "{% if not defined(x) %}a{% end %}           | a",
        "{% if s == 'x' %}a{% elif UInt8(n) > 6 %}b{% else %}c{% end %} | b",
        "{% if defined(x) and x == 'y' %}a{% else %}b{% end %} | b",
        "{% if n in ['6', '7'] %}a{% end %}          | a",
        "{% if n not in ['6'] %}a{% end %}           | a",
        "{% if (1 + 2 * 3) % 4 == 3 %}a{% end %}     | a",
        "{% if -7 % 3 == 2 %}a{% end %}              | a",
        "{% if 7 / 2 == 3.5 %}a{% end %}             | a",
        "{% for i in ['a', 'b'] %}{{i}},{% end %}    | 'a','b',",
        "{% for i in Array(nums, 'Int8') %}{{i}},{% end %} | 1,(-2),",
        "{% set v = UInt8(n) + 1 %}{{v}}             | 8",
        "{% set v = 'a' + 'b' %}{{String(v)}}        | 'ab'",
        "a{# {{String(x)}} #}b                       | ab",
        "{{{n}}}                                     | {'7'}",
        "{{columns('a, order')}}                     | `a`,`order`",
        "{{split_to_array(list)}}                    | ['a','b']",
        "{{split_to_array('', 'p;q', ';')}}          | ['p','q']",
        "{% for last, i in enumerate_with_last(split_to_array(list)) %}{{i}}{% if not last %},{% end %}{% end %} | 'a','b'",
        "{{date_diff_in_seconds('2024-01-02 00:00:01', t)}} | 65712599",
        "{{date_diff_in_days('2024-01-03 00:00:00', '2024-01-01 00:00:00')}} | 2",
        "{{max_threads(4)}}SELECT 1                  | SELECT 1",
        "{{tb_secret('NAME', 'd')}}                  | 'd'",
        "{% if defined(x) %}{{custom_error({'error': 'no', 'n': 1})}}{% end %}a | a",
      })
  void renders(String body, String expected) {
    assertThat(render(body)).isEqualTo(expected);
  }

  @Test
  void onlyTextsThatBeginWithAPercentSignAreTemplates() {
    assertThat(Template.isTemplate("\n  %\nSELECT 1")).isTrue();
    assertThat(Template.isTemplate("SELECT 1 % 2")).isFalse();
    assertThat(Template.render("%\nSELECT {{UInt8(n)}}", GIVEN)).isEqualTo("\nSELECT toUInt8('7')");
    assertThat(Template.render("SELECT '{{n}}'", GIVEN)).isEqualTo("SELECT '{{n}}'");
  }

  @Test
  void branchesNotTakenMayLackTheirParameters() {
    assertThat(render("{% if defined(x) %}{{String(x)}} {{unknown()}}{% end %}b")).isEqualTo("b");
  }

  @Test
  void aMissingParameterIsNamed() {
    assertThatThrownBy(() -> render("{{String(start_date)}}"))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("start_date");
    assertThatThrownBy(() -> render("{% if start_date == 'a' %}{% end %}"))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("start_date");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{columns()}}",
        "{{s.upper()}}",
        "{{s[0]}}",
        "{{ [i for i in list] }}",
        "{{ 'a' if yes else 'b' }}",
        "{% if n > 5 %}{% end %}",
        "{% if n == 7 %}{% end %}",
        "{% if 1 < 2 < 3 %}{% end %}",
        "{% while True %}{% end %}",
        "{% import os %}",
        "{% apply f %}a{% end %}",
        "{% if yes %}a",
        "{% if yes %}a{% endif %}",
        "{% for i in list %}a{% else %}{% end %}",
        "a{% end %}",
        "{% else %}",
        "{{ 'a }}",
        "{{ String( }}",
        "{{",
        "{{ }}",
        "{% for i in s %}{% end %}",
        "{% set a, b = 1 %}",
        "{{ 1 / 0 }}",
        "{{ 1 % 0 }}",
        "{{error('no')}}",
        "{{__import__('os')}}",
        "{{String()}}",
        "{{Array(x, 'DateTime', '2024-01-01 00:00:00')}}",
        "{%- if yes %}{% end %}",
        "{{columns('a; DROP TABLE b')}}",
        "{{split_to_array(list, separator='|')}}",
        "{{split_to_array('a, b')}}",
        "{% for a, b in split_to_array(list) %}{% end %}",
        "{{enumerate_with_last('a')}}",
        "{{date_diff_in_hours('2024-01-01 00:00:00', '2024-01-01 00:30:00')}}",
        "{{date_diff_in_seconds('01/02/2024', '02/02/2024', date_format='%d/%m/%Y')}}",
        "{{date_diff_in_seconds('2024-01-01 00:00:00', '2024-01-01 00:00:01', date_format='%Y')}}",
        "{{day_diff('2024-01-01', '2024-01-02')}}",
        "{{sql_and(a__in=Array(list, 'String'))}}",
        "{{sql_unescape(s)}}",
        "{{tb_secret('NAME')}}",
        "{{activate('analyzer')}}",
        "{{custom_error({'error': 'no'})}}",
        "{{custom_error({'error': )}}",
      })
  void whatIsNotKnownIsRefused(String body) {
    assertThatThrownBy(() -> render(body)).isInstanceOf(TemplateException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "UInt64 | 1); DROP TABLE t",
        "UInt64 | -1",
        "UInt64 | 18446744073709551616",
        "UInt8  | 256",
        "Int8   | 128",
        "Int8   | 1e1",
        "Int    | 0x1",
        "Int32  | ~~",
        "Float64 | nan",
        "Float64 | 1e999",
        "Float64 | 1;2",
        "Boolean | yes",
        "Date   | 2023-02-29",
        "Date   | +12023-02-28",
        "DateTime | 2026-01-31",
        "DateTime | 2026-01-31 24:00:00",
        "DateTime | 2026-02-30 00:00:00",
        "DateTime | 2026-01-31 13:30:00') OR 1=1 --",
        "DateTime | now()",
        "DateTime64 | 2026-01-31 13:30:00.123456",
        "column | a, (SELECT 1)",
        "Symbol | a`b",
        "table  | a.b.c.d",
        "table  | numbers(10)",
      })
  void valuesThatDoNotFitTheirTypeAreRefused(String type, String value) {
    assertThatThrownBy(() -> Template.renderBody("{{" + type + "(p)}}", Map.of("p", value)))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("parameter p");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "' OR 1=1 --",
        "\\' OR 1=1 --",
        "\\",
        "'; DROP TABLE t",
        "*/ , 1 /*",
        "\n, 1",
        "{{n}}",
        "{% if yes %}",
        "`",
        "$$",
      })
  void noTextLeavesItsLiteral(String hostile) {
    var harmless = "SELECT 1, {{String(p)}}, {{p}}, {{Array(p, 'String')}} FROM t";

    var tokens = Tokens.of(Template.renderBody(harmless, Map.of("p", hostile.replace(",", ""))));

    assertThat(tokens.stream().map(t -> t.kind() == Token.Kind.STRING ? "?" : t.text()))
        .containsExactly("SELECT", "1", ",", "?", ",", "?", ",", "[", "?", "]", "FROM", "t");
    assertThat(tokens.get(3).value()).isEqualTo(hostile.replace(",", ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT '{{String(s)}}'",
        "SELECT `{{column(col)}}`",
        "SELECT \"{{n}}\"",
        "SELECT 'a\\'{{n}}'",
        "SELECT 'a''{{n}}'",
        "SELECT {{n}}, '%{{s}}%'",
        "SELECT $$ {{s}} $$",
      })
  void expressionsInsideQuotesAreRefused(String body) {
    assertThatThrownBy(() -> render(body)).isInstanceOf(TemplateException.class);
  }

  @Test
  void aCommentCannotBeLeft() {
    assertThatThrownBy(() -> Template.renderBody("/* {{p}} */", Map.of("p", "*/ 1 /*")))
        .isInstanceOf(TemplateException.class);
    assertThat(Template.renderBody("-- {{p}}", Map.of("p", "a\nb"))).isEqualTo("-- 'a\\nb'");
  }

  @Test
  void runawayTemplatesAreStopped() {
    var loop = "{% for i in [1,2,3,4,5,6,7,8,9,0] %}";
    for (var body :
        List.of(
            loop.repeat(12) + "x" + "{% end %}".repeat(12),
            "{% if True %}".repeat(5000) + "{% end %}".repeat(5000),
            "{{" + "(".repeat(1000) + "1" + ")".repeat(1000) + "}}",
            "{{" + "1+".repeat(9000) + "1}}",
            "{{'" + "\\'".repeat(9_000) + "'")) {
      assertThatThrownBy(() -> render(body)).isInstanceOf(TemplateException.class);
    }
  }

  @Test
  void listsItsParameters() {
    var sql =
        """
        %
        {% set v = UInt8(n) %}
        SELECT {{v}}, {{String(a, b)}} FROM {{table('t')}}
        WHERE {% if defined(start) %} x > {{DateTime(start, description='from')}} {% end %}
        {% for i in Array(list, 'String') %} {{String(i)}} {% end %} {# {{String(no)}} #}
        """;

    assertThat(Template.parameters(sql))
        .containsExactly(
            entry("n", "UInt8"),
            entry("a", "String"),
            entry("b", ""),
            entry("start", "DateTime"),
            entry("list", "Array"));
    assertThat(Template.parameters("SELECT {{String(a)}}")).isEmpty();
  }
}
