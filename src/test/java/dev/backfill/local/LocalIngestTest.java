package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Requests so large that the engine gets them in several pieces.
@EngineTest
class LocalIngestTest {
  private static final int ROWS = 10_000;
  @TempDir Path folder;
  private LocalApi api;

  @BeforeEach
  void aDataSource() {
    api = LocalApi.start(folder);
    api.dataSource("events", "`id` UInt32 `json:$.id`, `at` DateTime `json:$.payload.at`", "id");
  }

  @AfterEach
  void close() {
    api.close();
  }

  private static String[] lines(int bad, String instead) {
    return IntStream.range(0, ROWS)
        .mapToObj(i ->
            i == bad
                ? instead
                : "{\"id\": " + i + ", \"payload\": {\"at\": \"2026-01-01 00:00:00\"}}")
        .toArray(String[]::new);
  }

  @Test
  void allRowsOfAllPiecesAreStoredInOnePart() {
    var answer = api.events("events", lines(-1, ""));

    assertThat(answer.json().path("successful_rows").asInt()).isEqualTo(ROWS);
    assertThat(api.value("SELECT count(), sum(id), uniq(_part) FROM events"))
        .isEqualTo(ROWS + "\t" + ROWS * (ROWS - 1L) / 2 + "\t1");
  }

  @Test
  void aRowOfTheLastPieceThatTheEngineRefusesIsPutAsideAlone() {
    var answer =
        api.events("events", lines(ROWS - 2, "{\"id\":7,\"payload\":{\"at\":\"yesterday\"}}"));

    assertThat(answer.json().path("successful_rows").asInt()).isEqualTo(ROWS - 1);
    assertThat(answer.json().path("quarantined_rows").asInt()).isEqualTo(1);
    assertThat(api.value("SELECT count() FROM events")).isEqualTo("" + (ROWS - 1));
    assertThat(api.value("SELECT id, at FROM events_quarantine")).isEqualTo("7\tyesterday");
  }

  @Test
  void aRowOfTheLastPieceThatIsNoneIsPutAsideAlone() {
    var answer = api.events("events", lines(ROWS - 2, "{\"id\":-7}"));

    assertThat(answer.json().path("successful_rows").asInt()).isEqualTo(ROWS - 1);
    assertThat(api.value("SELECT count() FROM events")).isEqualTo("" + (ROWS - 1));
    assertThat(api.value("SELECT id FROM events_quarantine")).isEqualTo("-7");
  }

  @Test
  void nothingButBadRowsStoresNothing() {
    var answer = api.events("events", "{\"id\":-7}", "no", "{\"id\":1,\"payload\":{\"at\":\"x\"}}");

    assertThat(answer.json().path("successful_rows").asInt()).isZero();
    assertThat(answer.json().path("quarantined_rows").asInt()).isEqualTo(3);
    assertThat(api.value("SELECT count() FROM events")).isEqualTo("0");
    assertThat(api.value("SELECT count() FROM events_quarantine")).isEqualTo("3");
  }

  @Test
  void aViewThatFailsAtTheLastPieceLeavesTheRowsInTheDataSourceAlone() {
    api.dataSource("fed", "`id` UInt32", "id");
    api.pipe(
        "mv",
        "materialized",
        "fed",
        "SELECT id + throwIf(id = " + (ROWS - 1) + ", 'boom') AS id FROM events",
        false);

    var answer = api.events("events", lines(-1, ""));

    assertThat(answer.status()).isEqualTo(422);
    assertThat(api.value("SELECT count() FROM events")).isEqualTo("" + ROWS);
    assertThat(api.value("SELECT count() FROM fed")).isEqualTo("0");
  }

  @Test
  void aRowThatIsRefusedAfterMillionsLeavesEveryOtherThereOnce() {
    api.dataSource("small", "`at` DateTime `json:$.a`", "at");
    var rows = 2_100_000;
    var file =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.ndjson\"\r\n\r\n"
            + "{\"a\":1}\n".repeat(rows)
            + "{\"a\":\"x\"}\r\n--b--\r\n";

    var answer =
        api.send(
            "POST",
            "/v0/datasources?mode=append&format=ndjson&name=small",
            "multipart/form-data; boundary=b",
            file.getBytes(StandardCharsets.UTF_8));

    assertThat(answer.json().path("quarantine_rows").asInt()).isEqualTo(1);
    assertThat(api.value("SELECT count(), uniq(_part) FROM small")).isEqualTo(rows + "\t1");
  }

  @Test
  void moreRowsThanTheEngineWritesAtOnceAreStillOnePart() {
    api.dataSource("small", "`a` UInt8 `json:$.a`", "a");
    var rows = 1_200_000;

    api.events("small", "{\"a\":1}\n".repeat(rows));

    assertThat(api.value("SELECT count(), uniq(_part) FROM small")).isEqualTo(rows + "\t1");
  }
}
