package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.project.TimeType;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Which rows a fork takes and which bucket is the last old one.
class SeamTest {
  private static Seam.Feeder feeder(boolean nullable) {
    return new Seam.Feeder(
        "view",
        "view_1",
        "between",
        "toDate(t)",
        "events",
        "at",
        "DateTime",
        new TimeType(TimeType.Kind.DATETIME, 0, Optional.empty(), nullable),
        "toDate(at)",
        "SELECT toDate(at) AS day FROM events  GROUP BY day");
  }

  private static Seam seam(boolean nullable) {
    return new Seam(
        "day",
        "Date",
        new TimeType(TimeType.Kind.DATE, 0, Optional.empty(), false),
        List.of(feeder(nullable)),
        true);
  }

  private static final String LAST_OLD =
      "CAST(toDate(CAST(subtractSeconds((%s AS backfill_cutover), 1), 'DateTime')), 'Date')"
          .formatted(Ticks.sql(Seam.CUTOVER_TYPE, "'T'"));

  @Test
  void theForkTakesTheBucketsBehindTheLastOldOne() {
    assertThat(seam(false).lastOld(feeder(false), "'T'")).isEqualTo(LAST_OLD);
    assertThat(seam(false).taken(feeder(false), "'T'"))
        .isEqualTo("CAST(toDate(t), 'Date') > " + LAST_OLD);
    assertThat(seam(false).triggerBucket(feeder(false))).isEqualTo("CAST(toDate(at), 'Date')");
  }

  @Test
  void aRowWithoutATimeIsInNoLaterBucket() {
    assertThat(seam(true).taken(feeder(true), "'T'"))
        .isEqualTo(
            "ifNull(CAST(toDate(t), 'Nullable(Date)'), defaultValueOfTypeName('Date')) > "
                + LAST_OLD);
    assertThat(seam(true).triggerBucket(feeder(true)))
        .isEqualTo("ifNull(CAST(toDate(at), 'Nullable(Date)'), defaultValueOfTypeName('Date'))");
  }

  @Test
  void theQueryRunsOverAPartOfItsTrigger() {
    assertThat(seam(false).over(feeder(false), "at < 1"))
        .isEqualTo(
            "SELECT toDate(at) AS day FROM (SELECT * FROM `events` WHERE at < 1) AS `events`  GROUP"
                + " BY day");
  }

  @Test
  void itsMeaningHasNoWhiteSpaceInIt() {
    var meaning = seam(false).meaning();

    assertThat(meaning.feeders().getFirst().query())
        .isEqualTo("SELECT toDate(at) AS day FROM events GROUP BY day");
    assertThat(meaning.column()).isEqualTo("day");
    assertThat(meaning).isNotEqualTo(seam(true).meaning());
  }

  @Test
  void nothingIsFedByNothing() {
    assertThatThrownBy(() ->
            new Seam(
                "day",
                "Date",
                new TimeType(TimeType.Kind.DATE, 0, Optional.empty(), false),
                List.of(),
                true))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
