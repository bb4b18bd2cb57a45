package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.config.SettingsReader;
import dev.backfill.project.ProjectReader;
import dev.backfill.report.CoreJson;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The classes of change that break the seal, and those that don't, each by one example.
class SealClassesTest {
  private static final String ORDERS = "datasources/orders.datasource";

  /// A changed key with a view behind it (through a plain Pipe, with a joined table), a copy that
  /// writes it, readers, and others that have nothing to do with it.
  private static final Map<String, String> BASE =
      Map.ofEntries(
          Map.entry(
              ORDERS,
              """
              DESCRIPTION >
                  Orders of all shops

              SCHEMA >
                  `placed_at` DateTime `json:$.placed_at`,
                  `shop` String `json:$.shop` DEFAULT 'none',
                  `amount` Int32 `json:$.amount`,
                  `gone` String `json:$.gone`

              INDEXES >
                  by_amount amount TYPE minmax GRANULARITY 4

              ENGINE "ReplacingMergeTree"
              ENGINE_PARTITION_KEY "toYYYYMM(placed_at)"
              ENGINE_SORTING_KEY "placed_at"
              ENGINE_TTL "placed_at + toIntervalDay(90)"
              ENGINE_VER "amount"
              """),
          Map.entry(
              "datasources/shops.datasource",
              """
              SCHEMA >
                  `shop` String,
                  `country` String

              ENGINE "MergeTree"
              ENGINE_SORTING_KEY "shop"
              """),
          Map.entry(
              "datasources/daily.datasource",
              """
              SCHEMA >
                  `day` Date,
                  `orders` AggregateFunction(count)

              ENGINE "AggregatingMergeTree"
              ENGINE_SORTING_KEY "day"
              """),
          Map.entry(
              "datasources/clicks.datasource",
              """
              SCHEMA >
                  `clicked_at` DateTime `json:$.clicked_at`

              ENGINE "MergeTree"
              ENGINE_SORTING_KEY "clicked_at"
              """),
          Map.entry(
              "pipes/paid.pipe",
              """
              NODE paid
              SQL >
                  SELECT placed_at, shop, amount FROM orders WHERE amount > 0
              """),
          Map.entry(
              "pipes/daily_mv.pipe",
              """
              NODE days
              SQL >
                  SELECT toDate(placed_at) AS day, countState() AS orders
                  FROM paid WHERE shop IN (SELECT shop FROM shops) GROUP BY day

              TYPE materialized
              DATASOURCE daily
              """),
          Map.entry(
              "pipes/latest.pipe",
              """
              TOKEN dashboard READ

              NODE endpoint
              SQL >
                  SELECT max(placed_at) AS latest FROM orders
              """),
          Map.entry(
              "pipes/clicks_per_day.pipe",
              """
              NODE endpoint
              SQL >
                  SELECT toDate(clicked_at) AS day, count() FROM clicks GROUP BY day
              """),
          Map.entry(
              "backfill.yml",
              "lead: 30m\ndatasources:\n  orders:\n    accept: [volatile_default]\n"),
          Map.entry(".tinyenv", "VERSION=1.0.0\n"));

  private static SortedMap<String, String> head() {
    var out = new TreeMap<>(BASE);
    edit(out, ORDERS, "KEY \"placed_at\"", "KEY \"shop, placed_at\"");
    return out;
  }

  private static void edit(Map<String, String> files, String file, String before, String after) {
    var text = files.getOrDefault(file, "");
    assertThat(text).as(file).contains(before);
    files.put(file, text.replace(before, after));
  }

  private static String lines(String cell) {
    return cell.replace("\\n", "\n");
  }

  private static PlanRequest request(
      Map<String, String> base, SortedMap<String, String> head, UnaryOperator<String> settings) {
    var yaml = settings.apply(head.getOrDefault("backfill.yml", ""));
    var read = SettingsReader.read("backfill.yml", yaml);
    assertThat(read.problems()).isEmpty();
    return new PlanRequest(
        ProjectReader.read(new TreeMap<>(base)),
        ProjectReader.read(head),
        Map.of(),
        read.settings(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Set.of(),
        Optional.empty(),
        Set.of());
  }

  private static String seal(PlanRequest request) {
    var core = Planner.plan(request).core();
    assertThat(core.migrations()).isNotEmpty();
    return Seal.of(
        CoreJson.write(Seal.meaning(core)), Seal.resources(request.head(), core), core.rules());
  }

  private static String seal(SortedMap<String, String> head) {
    return seal(request(BASE, head, UnaryOperator.identity()));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "sorting key               | orders.datasource | shop, placed_at | shop, amount, placed_at",
        "partition key             | orders.datasource | toYYYYMM( | toYYYYMMDD(",
        "primary key               | orders.datasource | ENGINE_VER | ENGINE_PRIMARY_KEY \"shop\"\\nENGINE_VER",
        "sampling key              | orders.datasource | ENGINE_VER | ENGINE_SAMPLING_KEY \"amount\"\\nENGINE_VER",
        "engine                    | orders.datasource | ReplacingMergeTree\"\\n | MergeTree\"\\n",
        "engine option             | orders.datasource | ENGINE_VER \"amount\" | ENGINE_VER \"placed_at\"",
        "TTL                       | orders.datasource | IntervalDay(90) | IntervalDay(91)",
        "index                     | orders.datasource | GRANULARITY 4 | GRANULARITY 8",
        "type of a column          | orders.datasource | Int32 | Int64",
        "DEFAULT                   | orders.datasource | 'none' | 'some'",
        "JSON path                 | orders.datasource | $.amount | $.total",
        "codec                     | orders.datasource | `json:$.amount` | `json:$.amount` CODEC(ZSTD(1))",
        "added column              | orders.datasource | `amount` Int32 | `note` Nullable(String) `json:$.note`, `amount` Int32",
        "dropped column            | orders.datasource | $.amount`,\\n    `gone` String `json:$.gone` | $.amount`",
        "connector                 | orders.datasource | ENGINE_VER | KAFKA_CONNECTION_NAME b\\nKAFKA_TOPIC t\\nKAFKA_GROUP_ID g\\nENGINE_VER",
        "sharing                   | orders.datasource | ENGINE_VER | SHARED_WITH >\\n    partner\\n\\nENGINE_VER",
        "target of a view          | daily.datasource | `day` Date | `day` Date32",
        "engine of a view's target | daily.datasource | KEY \"day\" | KEY \"day\"\\nENGINE_TTL \"day + toIntervalDay(9)\"",
        "query of a view           | daily_mv.pipe | toDate(placed_at) | toDate(placed_at + 1)",
        "plain Pipe of a view      | paid.pipe | amount > 0 | amount > 1",
        "table a view looks up     | shops.datasource | `country` String | `country` Nullable(String)",
        "reader                    | latest.pipe | max(placed_at) | min(placed_at)",
        "role of a reader          | latest.pipe | FROM orders\\n | FROM orders\\n\\nTYPE COPY\\nTARGET_DATASOURCE clicks\\n",
      })
  void whatConcernsTheRowsBreaksIt(String what, String file, String before, String after) {
    var sealed = seal(head());
    var head = head();
    var path = (file.endsWith(".pipe") ? "pipes/" : "datasources/") + file;
    edit(head, path, lines(before), lines(after));

    assertThat(seal(head)).as(what).isNotEqualTo(sealed);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "white space in SQL        | daily_mv.pipe | SELECT toDate | SELECT      toDate",
        "reflowed SQL              | daily_mv.pipe | FROM paid WHERE | FROM paid\\n    WHERE",
        "case of a keyword         | latest.pipe | FROM orders | from orders",
        "a comment in SQL          | latest.pipe | FROM orders | FROM orders -- all of them",
        "a comment in a file       | orders.datasource | SCHEMA > | # what they send\\nSCHEMA >",
        "quotes of a value         | orders.datasource | \"ReplacingMergeTree\" | ReplacingMergeTree",
        "order of directives       | orders.datasource | ENGINE_TTL \"placed_at + toIntervalDay(90)\"\\nENGINE_VER \"amount\"\\n | ENGINE_VER amount\\nENGINE_TTL \"placed_at + toIntervalDay(90)\"\\n",
        "spelling of a TTL         | orders.datasource | placed_at + toIntervalDay(90) | placed_at + INTERVAL 90 DAY",
        "spelling of a key         | orders.datasource | \"shop, placed_at\" | \"tuple(shop,placed_at)\"",
        "white space of a column   | orders.datasource | `shop` String | `shop`     String",
        "a token of a reader       | latest.pipe | TOKEN dashboard READ | TOKEN other READ",
        "description of a reader   | latest.pipe | TOKEN dashboard READ | DESCRIPTION >\\n    The latest\\n",
        "another Data Source       | clicks.datasource | `clicked_at` | `note` Nullable(String) `json:$.note`, `clicked_at`",
        "another Pipe              | clicks_per_day.pipe | count() | count() + 1",
      })
  void whatMeansTheSameOrConcernsOthersDoesNot(
      String what, String file, String before, String after) {
    var sealed = seal(head());
    var head = head();
    var path = (file.endsWith(".pipe") ? "pipes/" : "datasources/") + file;
    edit(head, path, lines(before), lines(after));

    assertThat(seal(head)).as(what).isEqualTo(sealed);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "lead | lead: 30m | lead: 40m",
        "margin | lead: 30m | margin: 6m",
        "settle | lead: 30m | settle: 31s",
        "lease | lead: 30m | lease: 11m",
        "rows of a chunk | lead: 30m | chunk-rows: 4000000",
        "rows of a rehearsal | lead: 30m | rehearsal-rows: 500",
        "cut column | accept: [volatile_default] | timestamp-column: placed_at\\n    projection: {amount: 'amount'}",
        "scenario | accept: [volatile_default] | scenario: not_production",
        "projection | accept: [volatile_default] | projection: {shop: 'lower(shop)'}",
      })
  void settingsThatARunFollowsBreakIt(String what, String before, String after) {
    var sealed = seal(head());
    var other = seal(request(BASE, head(), y -> y.replace(before, lines(after))));

    assertThat(other).as(what).isNotEqualTo(sealed);
  }

  @Test
  void settingsOfOthersAndTextOfTheFileDoNot() {
    var sealed = seal(head());

    assertThat(
            seal(
                request(
                    BASE,
                    head(),
                    y -> "# ours\n" + y + "  clicks:\n    accept: [volatile_default]\n")))
        .isEqualTo(sealed);
  }

  @Test
  void aNewReaderOrFeederBreaksItAndAStrangersPipeDoesNot() {
    var sealed = seal(head());
    var reader = head();
    reader.put("pipes/more.pipe", "NODE n\nSQL >\n    SELECT shop FROM paid\n");
    var feeder = head();
    feeder.put(
        "pipes/more.pipe",
        "NODE n\nSQL >\n    SELECT now() AS placed_at\n\nTYPE COPY\nTARGET_DATASOURCE orders\n");
    var gone = head();
    gone.remove("pipes/latest.pipe");
    var stranger = head();
    stranger.put("pipes/more.pipe", "NODE n\nSQL >\n    SELECT clicked_at FROM clicks\n");

    assertThat(seal(reader)).isNotEqualTo(sealed);
    assertThat(seal(feeder)).isNotEqualTo(sealed);
    assertThat(seal(gone)).isNotEqualTo(sealed);
    assertThat(seal(stranger)).isEqualTo(sealed);
  }

  @Test
  void whatBaseHadAroundItDoesNotOnceHeadHasItToo() {
    // Another pull request is merged before: base and head both hold it now.
    var sealed = seal(head());
    var base = new TreeMap<>(BASE);
    var head = head();
    for (var side : java.util.List.of(base, head)) {
      edit(side, "datasources/clicks.datasource", "DateTime", "DateTime64(3)");
      side.put("pipes/more.pipe", "NODE n\nSQL >\n    SELECT clicked_at FROM clicks\n");
    }

    assertThat(seal(request(base, head, UnaryOperator.identity()))).isEqualTo(sealed);
  }

  @Test
  void thePinnedCutoverTheLeadAndTheWorkspaceBreakIt() {
    var request = request(BASE, head(), UnaryOperator.identity());
    var sealed = seal(request);

    assertThat(seal(with(request, Optional.of(Duration.ofHours(2)), Optional.empty(), "")))
        .isNotEqualTo(sealed);
    assertThat(
            seal(
                with(
                    request,
                    Optional.empty(),
                    Optional.of(Instant.parse("2031-01-01T00:00:00Z")),
                    "")))
        .isNotEqualTo(sealed);
    assertThat(seal(with(request, Optional.empty(), Optional.empty(), "staging")))
        .isNotEqualTo(sealed);
  }

  private static PlanRequest with(
      PlanRequest request, Optional<Duration> lead, Optional<Instant> pinned, String workspace) {
    return new PlanRequest(
        request.base(),
        request.head(),
        request.renames(),
        request.settings(),
        lead,
        pinned,
        request.committed(),
        request.takenNames(),
        workspace.isEmpty() ? Optional.empty() : Optional.of(workspace),
        request.deployVersions());
  }

  @Test
  void whatIsKnownOfThePlatformIsNoPartOfIt() {
    var core = Planner.plan(request(BASE, head(), UnaryOperator.identity())).core();

    assertThat(core.changes()).isNotEmpty().allMatch(c -> c.platform().isEmpty());
    assertThat(CoreJson.write(core)).doesNotContain("\"platform\"");
  }

  @Test
  void theRulesAndTheBordersBetweenFieldsCount() {
    var none = new TreeMap<String, String>();

    assertThat(Seal.of("a", none, "1")).isNotEqualTo(Seal.of("a", none, "2"));
    assertThat(Seal.of("ab", none, "1")).isNotEqualTo(Seal.of("b", none, "1a"));
    assertThat(Seal.of("a", new TreeMap<>(Map.of("b", "")), "1"))
        .isNotEqualTo(Seal.of("a", new TreeMap<>(Map.of("c", "")), "1"));
    assertThat(Seal.of("a", new TreeMap<>(Map.of("b", "cd")), "1"))
        .isNotEqualTo(Seal.of("a", new TreeMap<>(Map.of("bc", "d")), "1"));
  }
}
