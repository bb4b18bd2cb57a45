package dev.backfill.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backfill.problem.Problem;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsReaderTest {
  @Test
  void anEmptyFileGivesTheDefaults() {
    assertEquals(
        new SettingsReader.Read(Settings.DEFAULTS, List.of()), SettingsReader.read("b.yml", ""));
    assertEquals(
        new SettingsReader.Read(Settings.DEFAULTS, List.of()),
        SettingsReader.read("b.yml", "# nothing\n---\n"));
  }

  @Test
  void readsEverySetting() {
    var read =
        SettingsReader.read(
            "backfill.yml",
            """
            lead: 45m
            margin: PT10M
            settle: 500ms
            max-lateness: 48h
            quiet: 3d
            rehearsal-rows: 10
            jobs-at-once: 1
            chunk-rows: 1_000_000
            lease: 5m
            poll: 1s
            datasources:
              events:
                scenario: streaming_timestamp
                timestamp-column: ts
                projection:
                  n: toUInt8OrZero(raw)
                  zero: 0
                accept: [history_outlives_origin, late_rows_possible]
              other: {scenario: delta}
            """);

    assertEquals(List.of(), read.problems());
    var s = read.settings();
    assertEquals(Duration.ofMinutes(45), s.lead());
    assertEquals(Duration.ofMinutes(10), s.margin());
    assertEquals(Duration.ofMillis(500), s.settle());
    assertEquals(Duration.ofDays(2), s.maxLateness());
    assertEquals(Duration.ofDays(3), s.quiet());
    assertEquals(10, s.rehearsalRows());
    assertEquals(1, s.jobsAtOnce());
    assertEquals(1_000_000, s.chunkRows());
    assertEquals(Duration.ofMinutes(5), s.lease());
    assertEquals(Duration.ofSeconds(1), s.poll());
    assertEquals(
        new Settings.ForDataSource(
            Optional.of("streaming_timestamp"),
            Optional.of("ts"),
            Map.of("n", "toUInt8OrZero(raw)", "zero", "0"),
            Set.of("history_outlives_origin", "late_rows_possible")),
        s.of("events"));
    assertEquals(Optional.of("delta"), s.of("other").scenario());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "poll: 1s\\nlaed: 30m            | 2 | unknown_setting",
        "lead: 30m\\nlead: 40m           | 2 | bad_setting",
        "lead: soon                      | 1 | bad_setting",
        "lead: 0s                        | 1 | bad_setting",
        "lead: PT-5M                     | 1 | bad_setting",
        "lead: [30m]                     | 1 | bad_setting",
        "lead: 999999999d                | 1 | bad_setting",
        "lead: 3m                        | 1 | bad_setting",
        "jobs-at-once: 0                 | 1 | bad_setting",
        "jobs-at-once: -1                | 1 | bad_setting",
        "jobs-at-once: 2                 | 1 | bad_setting",
        "chunk-rows: 99999999999999999999| 1 | bad_setting",
        "- a                             | 1 | bad_setting",
        "datasources:\\n  e:\\n    tz: 1 | 3 | unknown_setting",
        "datasources:\\n  e:\\n    scenario: 3 | 3 | bad_setting",
        "datasources:\\n  e:\\n    accept: x | 3 | bad_setting",
        "datasources:\\n  e: 1           | 2 | bad_setting",
        "datasources:\\n  e: {}\\n  e: {} | 3 | bad_setting",
        "lead: \"30m                     | 1 | bad_setting",
        "a: &x 1\\nlead: *x              | 2 | bad_setting",
        "---\\nlead: 30m\\n---\\nlead: 3h | 3 | bad_setting",
      })
  void aMistakeIsAnErrorWithItsLine(String text, int line, String code) {
    var problems = SettingsReader.read("backfill.yml", text.replace("\\n", "\n")).problems();

    assertTrue(
        problems.stream().anyMatch(p -> p.place().line() == line && p.code().equals(code)),
        () -> problems.stream().map(Problem::toString).toList().toString());
    assertTrue(problems.stream().allMatch(p -> p.place().file().equals("backfill.yml")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{a: ", "- "})
  void deepNestingIsRefusedWithoutRecursion(String opening) {
    assertEquals(1, SettingsReader.read("b.yml", opening.repeat(20_000)).problems().size());
  }

  @Test
  void aHugeFileIsRefused() {
    assertEquals(1, SettingsReader.read("b.yml", "#".repeat(100_001)).problems().size());
  }
}
