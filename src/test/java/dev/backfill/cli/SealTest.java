package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.TempRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/// What breaks the seal and what doesn't.
class SealTest {
  private static final String EVENTS = "datasources/events.datasource";

  @TempDir Path folders;
  private int repositories;
  private final Map<String, String> base = new TreeMap<>();
  private final Map<String, String> head = new TreeMap<>();

  @BeforeEach
  void aChangedKeyWithAViewAndAReader() {
    base.put(
        EVENTS,
        """
        SCHEMA >
            `timestamp` DateTime `json:$.timestamp`,
            `action` String `json:$.action`,
            `amount` Int32 `json:$.amount`

        ENGINE "MergeTree"
        ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
        ENGINE_SORTING_KEY "timestamp"
        """);
    base.put(
        "datasources/daily.datasource",
        """
        SCHEMA >
            `date` Date,
            `hits` AggregateFunction(count)

        ENGINE "AggregatingMergeTree"
        ENGINE_SORTING_KEY "date"
        """);
    base.put(
        "pipes/by_day.pipe",
        """
        NODE days
        SQL >
            SELECT toDate(timestamp) AS date, countState() AS hits FROM events GROUP BY date
        TYPE materialized
        DATASOURCE daily
        """);
    base.put(
        "pipes/latest.pipe",
        """
        NODE endpoint
        SQL >
            SELECT max(timestamp) AS latest FROM events
        """);
    base.put(
        "datasources/users.datasource",
        """
        SCHEMA >
            `id` String `json:$.id`

        ENGINE "MergeTree"
        ENGINE_SORTING_KEY "id"
        """);
    base.put("backfill.yml", "lead: 30m\n");
    base.put(".tinyenv", "VERSION=0.0.0\n");
    head.putAll(base);
    edit(head, EVENTS, "KEY \"timestamp\"", "KEY \"action, timestamp\"");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "another key              | datasources/events.datasource | action, timestamp | action, amount, timestamp",
        "another partition key    | datasources/events.datasource | toYYYYMM | toYYYYMMDD",
        "another type             | datasources/events.datasource | Int32 | Int64",
        "another column           | datasources/events.datasource | `amount` Int32 `json:$.amount` | `amount` Int32 `json:$.amount`, `b` String DEFAULT 'x'",
        "the view's query         | pipes/by_day.pipe             | toDate(timestamp) | toDate(timestamp + 1)",
        "the view's target        | datasources/daily.datasource  | `date` Date, | `date` Date DEFAULT today(),",
        "a reader                 | pipes/latest.pipe             | max(timestamp) | min(timestamp)",
        "the lead                 | backfill.yml                  | 30m | 40m",
      })
  void whatThePlanRestsOnBreaksIt(String what, String file, String before, String after)
      throws IOException {
    var sealed = seal("head");
    edit(head, file, before, after);

    assertThat(seal("head")).as(what).isNotEqualTo(sealed);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "blanks in a query        | pipes/by_day.pipe             | SELECT toDate | SELECT   toDate",
        "blanks in a Data Source  | datasources/events.datasource | `action` String | `action`    String",
        "quotes                   | datasources/events.datasource | \"MergeTree\" | MergeTree",
        "blanks of a view's target| datasources/daily.datasource  | `date` Date | `date`   Date",
        "an unrelated Data Source | datasources/users.datasource  | `id` String | `user_id` String",
      })
  void whatMeansTheSameOrConcernsOthersDoesNot(
      String what, String file, String before, String after) throws IOException {
    var sealed = seal("head");
    edit(head, file, before, after);
    if (file.contains("users")) {
      edit(head, file, "SORTING_KEY \"id\"", "SORTING_KEY \"user_id\"");
      base.put(file, head.get(file));
    }

    assertThat(seal("head")).as(what).isEqualTo(sealed);
  }

  @Test
  void commitIdsAndOurOwnCommitDoNot() throws IOException {
    var sealed = seal("one message");

    assertThat(seal("another message")).isEqualTo(sealed);
    assertThat(sealAfterGenerate()).isEqualTo(sealed);
  }

  @Test
  void squashAndRebaseDoNot() throws IOException {
    var sealed = seal("at once");
    var folder = Files.createDirectory(folders.resolve("rebased"));
    try (var repository = TempRepository.in(folder)) {
      base.forEach(repository::write);
      repository.commit("base");
      // Another pull request is merged first, and this one comes in several commits.
      repository.write("pipes/users.pipe", "NODE n\nSQL >\n    SELECT id FROM users\n");
      repository.commit("users");
      repository.checkout("change");
      repository.write(EVENTS, "");
      repository.commit("wip");
      head.forEach(repository::write);
      repository.commit("done");
    }

    assertThat(seal(folder)).isEqualTo(sealed);
  }

  private static void edit(Map<String, String> files, String file, String before, String after) {
    var text = files.getOrDefault(file, "");
    assertThat(text).as(file).contains(before);
    files.put(file, text.replace(before, after));
  }

  private Path repository(String message) throws IOException {
    var folder = Files.createDirectory(folders.resolve("r" + repositories++));
    try (var repository = TempRepository.in(folder)) {
      base.forEach(repository::write);
      repository.commit("base " + message);
      repository.checkout("change");
      head.forEach(repository::write);
      repository.commit(message);
    }
    return folder;
  }

  private String seal(String message) throws IOException {
    return seal(repository(message));
  }

  private String sealAfterGenerate() throws IOException {
    var folder = repository("generated");
    var generated = Cli.in(folder).run("generate", "--base", "main");
    assertThat(generated.status()).as(generated.err()).isZero();
    return seal(folder);
  }

  private static String seal(Path folder) {
    var result = Cli.in(folder).run("plan", "--base", "main", "--format", "json");
    assertThat(result.status()).as(result.err()).isZero();
    return JsonMapper.shared().readTree(result.out()).path("seal").asString();
  }
}
