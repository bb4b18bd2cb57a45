package dev.backfill.datafile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatafileEditTest {
  private static final String DATASOURCE =
      """
      # ours
      TOKEN "app" APPEND
      TOKEN "web" APPEND   # remark

      SCHEMA >
        `a` String `json:$.a`, -- first

        # second
        `b` DateTime,
      \tc Int8, d Int8

      ENGINE   "MergeTree"
      ENGINE_SORTING_KEY  a, b   # remark
      ENGINE_PARTITION_KEY ""
      """;

  private static final String PIPE =
      """
      TOKEN "t" READ
      NODE one
      SQL >
          %
          -- from events
          SELECT events.a, '
      it''s from events'
          # gone
          FROM events

      NODE two
      SQL >
      SELECT * FROM one JOIN users u ON 1
      TYPE materialized
      DATASOURCE daily
      """;

  private static DatafileEdit datasource() {
    return DatafileEdit.of("e.datasource", DATASOURCE);
  }

  private static DatafileEdit pipe() {
    return DatafileEdit.of("p.pipe", PIPE);
  }

  @Test
  void aValueIsReplacedAndTheRestOfItsLineStays() {
    assertThat(datasource().set("ENGINE_SORTING_KEY", "b, a").text())
        .isEqualTo(DATASOURCE.replace("KEY  a, b   # remark", "KEY  \"b, a\"   # remark"));
    assertThat(datasource().set("ENGINE", "Null").text())
        .isEqualTo(DATASOURCE.replace("\"MergeTree\"", "\"Null\""));
    assertThat(datasource().set("ENGINE_TTL", "b + toIntervalDay(1)").text())
        .isEqualTo(DATASOURCE + "ENGINE_TTL \"b + toIntervalDay(1)\"\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\nENGINE Null", "a\"b'c", "a\r"})
  void aValueThatWouldNotReadBackIsRefused(String value) {
    assertThatThrownBy(() -> datasource().set("ENGINE_SORTING_KEY", value))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aHashInAValueIsQuoted() {
    var edited = datasource().set("KAFKA_TOPIC", "a#b");

    assertThat(edited.text()).endsWith("KAFKA_TOPIC \"a#b\"\n");
  }

  @Test
  void directivesAreRemovedWithTheirLines() {
    assertThat(datasource().remove("TOKEN").text())
        .isEqualTo(
            DATASOURCE.replace("TOKEN \"app\" APPEND\nTOKEN \"web\" APPEND   # remark\n", ""));
    assertThat(datasource().remove(d -> d.raw().contains("web")).text())
        .isEqualTo(DATASOURCE.replace("TOKEN \"web\" APPEND   # remark\n", ""));
    assertThat(datasource().remove("SCHEMA").text())
        .doesNotContain("SCHEMA", "Int8")
        .contains("\n\nENGINE   ");
  }

  @Test
  void engineLinesComeFromAnotherFile() {
    var other = "SCHEMA >\n  a String\nENGINE Null\nDESCRIPTION x\nengine_ttl 'b'\n";

    assertThat(datasource().takeEngine(other).text())
        .isEqualTo(
            DATASOURCE.substring(0, DATASOURCE.indexOf("ENGINE "))
                + "ENGINE Null\nengine_ttl 'b'\n");
    assertThat(DatafileEdit.of("e.datasource", "SCHEMA >\n  a Int8").takeEngine(other).text())
        .isEqualTo("SCHEMA >\n  a Int8\nENGINE Null\nengine_ttl 'b'\n");
    assertThat(datasource().takeEngine("SCHEMA >\n  a String\n").text())
        .isEqualTo(DATASOURCE.substring(0, DATASOURCE.indexOf("ENGINE ")));
  }

  @Test
  void aColumnIsReplacedInsertedAndRemoved() {
    assertThat(datasource().setColumn("b", "`b` Date").text())
        .isEqualTo(DATASOURCE.replace("`b` DateTime", "`b` Date"));
    assertThat(datasource().insertColumn("a", "x Int8").text())
        .isEqualTo(DATASOURCE.replace("  `b` DateTime", "  x Int8,\n  `b` DateTime"));
    assertThat(datasource().insertColumn(null, "x Int8").text())
        .isEqualTo(DATASOURCE.replace("  `a` String", "  x Int8,\n  `a` String"));
    assertThat(datasource().insertColumn("d", "x Int8").text())
        .isEqualTo(DATASOURCE.replace("d Int8\n", "d Int8,\n    x Int8\n"));
    assertThat(datasource().removeColumn("b").text())
        .isEqualTo(DATASOURCE.replace("  `b` DateTime,\n", ""));
    assertThat(datasource().removeColumn("a").text())
        .isEqualTo(DATASOURCE.replace("  `a` String `json:$.a`, -- first\n", ""));
    assertThat(datasource().removeColumn("c").text())
        .isEqualTo(DATASOURCE.replace("c Int8, d Int8", "d Int8"));
    assertThat(datasource().removeColumn("d").removeColumn("c").removeColumn("b").text())
        .contains("  `a` String `json:$.a` -- first\n\n  # second\n\nENGINE");
    assertThatThrownBy(() -> datasource().removeColumn("nope"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aLastColumnWithARemarkGetsItsCommaInFrontOfIt() {
    var edit = DatafileEdit.of("e.datasource", "SCHEMA >\r\n  a Int8 -- last");

    assertThat(edit.insertColumn("a", "b Int8").text())
        .isEqualTo("SCHEMA >\r\n  a Int8, -- last\r\n  b Int8");
    assertThat(edit.insertColumn("a", "b Int8").removeColumn("b").text())
        .isEqualTo("SCHEMA >\r\n  a Int8 -- last\r\n");
  }

  @Test
  void tablesAreRenamedAndNothingElse() {
    assertThat(pipe().renameTables(Map.of("events", "events_1", "users", "users_1")).text())
        .isEqualTo(
            PIPE.replace("    FROM events\n", "    FROM events_1 AS events\n")
                .replace("JOIN users u", "JOIN users_1 u"));
    assertThat(pipe().renameTables(Map.of("daily", "x")).text()).isEqualTo(PIPE);
  }

  @Test
  void aNodeGetsAnotherTargetAndOtherSql() {
    assertThat(pipe().set("two", "DATASOURCE", "daily_1").text())
        .isEqualTo(PIPE.replace("DATASOURCE daily", "DATASOURCE daily_1"));
    assertThat(pipe().setSql("two", "SELECT 1\nTYPE\nFROM x", true).text())
        .isEqualTo(
            PIPE.replace(
                "SELECT * FROM one JOIN users u ON 1\n",
                "    %\n    SELECT 1\n    TYPE\n    FROM x\n"));
    assertThat(pipe().setSql("one", "SELECT '\n  x'", false).text())
        .contains("    SELECT '\n  x'\n");
    assertThatThrownBy(() -> pipe().setSql("one", "SELECT '\nTYPE endpoint'", false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(pipe().remove("two", "DATASOURCE").text())
        .isEqualTo(PIPE.replace("DATASOURCE daily\n", ""));
    assertThat(pipe().set("one", "TYPE", "endpoint").text())
        .isEqualTo(PIPE.replace("    FROM events\n", "    FROM events\nTYPE \"endpoint\"\n"));
  }

  @Test
  void aDirectiveOfThePipeIsAddedInFrontOfItsNodes() {
    assertThat(pipe().set("VERSION", "1").text())
        .isEqualTo(PIPE.replace("NODE one", "VERSION \"1\"\nNODE one"));
  }

  @Test
  void lineEndingsAndTheMissingLastOneAreKept() {
    var text = "\uFEFFENGINE MergeTree\r\nENGINE_VER a";

    assertThat(DatafileEdit.of("e.datasource", text).set("ENGINE_SIGN", "b").text())
        .isEqualTo(text + "\r\nENGINE_SIGN \"b\"\r\n");
    assertThat(DatafileEdit.of("e.datasource", text).set("ENGINE", "Null").text())
        .isEqualTo(text.replace("MergeTree", "Null"));
    assertThat(DatafileEdit.of("e.datasource", text).remove("ENGINE").text())
        .isEqualTo("\uFEFFENGINE_VER a");
  }
}
