package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.Settings;
import dev.backfill.config.Settings.ForDataSource;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The column by which rows are before or after T.
class CutChoiceTest {
  private static final ForDataSource NONE = Settings.DEFAULTS.of("cut");

  private static DataSource source(String columns, String key, String partition, String tags) {
    return Projects.with(
            "datasources/cut.datasource",
            (tags.isEmpty() ? "" : "TAGS \"" + tags + "\"\n\n")
                + "SCHEMA >\n    "
                + columns
                + "\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \""
                + key
                + "\"\n"
                + (partition.isEmpty() ? "" : "ENGINE_PARTITION_KEY \"" + partition + "\"\n"))
        .dataSource("cut")
        .orElseThrow();
  }

  private static String chosen(CutChoice choice) {
    return choice.column().map(Column::name).orElse("");
  }

  @ParameterizedTest(name = "{0} by {1}, {2}: {3}")
  @CsvSource(
      delimiter = '|',
      emptyValue = "",
      value = {
        "`k` String, `a` DateTime | k | '' | a",
        "`k` String, `a` DateTime, `b` DateTime | k | '' | ''",
        "`k` String, `a` DateTime, `b` DateTime | k, b | '' | b",
        "`k` String, `a` DateTime, `b` DateTime | b, a | '' | b",
        "`k` String, `a` DateTime, `b` DateTime | k | toYYYYMM(b) | b",
        "`k` String, `a` DateTime, `b` DateTime | a | toYYYYMM(b) | a",
        "`k` String, `a` Date, `b` DateTime | a, b | '' | b",
        "`k` String, `a` Nullable(DateTime), `b` DateTime | a, b | '' | b",
        "`k` String, `a` Nullable(DateTime), `b` Date | a, b | '' | b",
        "`k` String, `n` UInt64 | k, n | '' | ''",
      })
  void aColumnOfAKeyThatIsNeverNullAndKnowsTheTimeIsTaken(
      String columns, String key, String partition, String column) {
    var choice = CutChoice.of(source(columns, key, partition, ""), NONE);

    assertThat(chosen(choice)).isEqualTo(column);
    assertThat(choice.mistake()).isFalse();
  }

  @Test
  void whatAPersonNamesIsTakenOrIsAMistake() {
    var columns = "`k` String, `a` DateTime, `b` DateTime";

    assertThat(chosen(CutChoice.of(source(columns, "a", "", "backfill_column=b"), NONE)))
        .isEqualTo("b");
    assertThat(CutChoice.of(source(columns, "a", "", "backfill_column=k"), NONE))
        .matches(c -> c.column().isEmpty() && c.mistake());
    var settings = new ForDataSource(Optional.empty(), Optional.of("b"), Map.of(), Set.of());
    assertThat(chosen(CutChoice.of(source(columns, "a", "", "backfill_column=a"), settings)))
        .isEqualTo("b");
  }
}
