package dev.backfill.survey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.backfill.failure.Failure;
import dev.backfill.http.Http;
import dev.backfill.local.LocalWorkspace;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import dev.backfill.project.Project;
import dev.backfill.project.ProjectReader;
import dev.backfill.tb.Tb;
import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TempRepository;
import dev.backfill.testing.TestEngine;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Tinybird;
import dev.backfill.tinybird.http.Host;
import dev.backfill.tinybird.http.HttpTinybird;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The figures behind a plan, measured on real rows of the embedded workspace.
@EngineTest
class SurveyorTest {
  private static final String EVENTS =
      """
      SCHEMA >
          `ts` Nullable(DateTime) `json:$.ts`,
          `price` String `json:$.price`,
          `arrived` DateTime `json:$.arrived` DEFAULT now()

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "price"
      """;

  @TempDir Path folder;
  @TempDir Path data;
  private LocalWorkspace workspace;
  private TempRepository repository;
  private Http http;
  private Tinybird tinybird;
  private Project base;
  private Migration migration;

  @BeforeEach
  void start() {
    workspace = LocalWorkspace.start(TestEngine.shared(), 0, data, Optional.empty());
    http = new Http();
    tinybird = new HttpTinybird(http, Host.parse(workspace.url()), workspace.token());
    repository = TempRepository.in(folder);
    tb("auth", "--host", workspace.url(), "--token", workspace.token());
    repository.write(".gitignore", ".tinyb\n").commit("nothing");
    tb("init", "--override-commit", "HEAD");
    repository.write("datasources/events.datasource", EVENTS).commit("base");
    tb("deploy");
    base = project(EVENTS);
    var head =
        project(EVENTS.replace("`price` String", "`price` UInt32").replace("DEFAULT now()", ""));
    migration = Planner.plan(PlanRequest.of(base, head)).core().direct().getFirst();
  }

  @AfterEach
  void stop() {
    http.close();
    workspace.close();
    repository.close();
  }

  @Test
  void whatIsInTheRowsIsMeasured() {
    var now = Instant.now().getEpochSecond();
    append(
        row(now - 60, "1", now)
            + row(now - 120, "2", now)
            + row(now - 3 * 86_400, "03", now)
            + row(now + 30 * 86_400, "4", now)
            + row(0, "n/a", now)
            + "{\"price\":\"6\",\"arrived\":%d}\n".formatted(now));
    tinybird.createPipe("by_hand", "", "SELECT count() FROM events");

    var survey = survey(tinybird);

    assertThat(survey.rows()).contains(6L);
    assertThat(survey.times())
        .hasValueSatisfying(t -> {
          assertThat(t.odd()).contains(new Survey.Odd(6, 1, 1, 1));
          assertThat(t.first()).contains(Instant.EPOCH);
          assertThat(t.last()).contains(Instant.ofEpochSecond(now + 30 * 86_400));
        });
    assertThat(survey.lateness())
        .hasValueSatisfying(l -> {
          assertThat(l.column()).isEqualTo("arrived");
          assertThat(l.rows()).isEqualTo(5);
          assertThat(l.beyond()).isEqualTo(2);
          assertThat(l.worst()).isEqualTo(Duration.ofSeconds(now));
        });
    assertThat(survey.feeds().orElseThrow())
        .singleElement()
        .satisfies(f -> {
          assertThat(f.event()).isEqualTo("append-hfi");
          assertThat(f.rows()).isEqualTo(6);
        });
    assertThat(survey.unknownPipes()).containsExactly("by_hand");
    assertThat(survey.conversions())
        .singleElement()
        .satisfies(c -> {
          assertThat(c.column()).isEqualTo("price");
          assertThat(c.changed()).as("03 and n/a").isEqualTo(2);
          assertThat(c.examples()).containsExactlyInAnyOrder("'03' -> '3'", "'n/a' -> '0'");
        });
    assertThat(survey.unread()).isEmpty();
    assertThat(Objections.of(migration, survey, Place.of("x"), /* settled= */ false, Set.of()))
        .extracting(Problem::code)
        .contains("live_pipe_unknown", "values_change");
    assertThat(String.join("\n", survey.lines()))
        .contains("6 rows", "1 have no timestamp, 1 lie at the epoch, 1 in the future", "99 %")
        .contains("the Events API wrote 6 rows");
  }

  @Test
  void cleanRowsGiveNoObjection() {
    var now = Instant.now().getEpochSecond();
    append(row(now - 60, "1", now) + row(now - 120, "2", now));

    assertThat(
            Objections.of(
                migration, survey(tinybird), Place.of("x"), /* settled= */ false, Set.of()))
        .isEmpty();
  }

  @Test
  void whatIsTooBigIsAskedInParts() {
    var now = Instant.now().getEpochSecond();
    append(
        row(now - 60, "x", now)
            + row(now - 30 * 86_400, "y", now)
            + row(0, "1", now)
            + "{\"price\":\"2\",\"arrived\":%d}\n".formatted(now));

    var survey = survey(refusing(sql -> tooLongIf(sql, sql.contains("If(") && whole(sql))));

    assertThat(survey.times())
        .hasValueSatisfying(t -> {
          assertThat(t.part()).isEqualTo("those of the last 7 days");
          assertThat(t.first()).contains(Instant.ofEpochSecond(now - 60));
          assertThat(t.odd()).as("of all rows").contains(new Survey.Odd(4, 1, 1, 0));
        });
    assertThat(survey.conversions())
        .singleElement()
        .satisfies(c -> assertThat(c.examples()).containsExactly("'x' -> '0'"));
    assertThat(survey.unread()).isEmpty();
  }

  @Test
  void whatIsTooBigInPartsTooIsNotMeasured() {
    var now = Instant.now().getEpochSecond();
    append(row(now - 60, "x", now) + row(now - 30 * 86_400, "y", now));

    var survey = survey(refusing(sql -> tooLongIf(sql, whole(sql) || sql.contains(" DAY AND"))));

    assertThat(survey.rows()).isEmpty();
    assertThat(survey.times())
        .hasValueSatisfying(t -> {
          assertThat(t.first()).contains(Instant.ofEpochSecond(now - 60));
          assertThat(t.odd()).isEmpty();
        });
    assertThat(survey.lateness()).as("of the last hour").isPresent();
    assertThat(survey.unread()).containsExactly("its rows (too long)");
    assertThat(Objections.of(migration, survey, Place.of("x"), /* settled= */ false, Set.of()))
        .extracting(Problem::code)
        .containsExactly("values_change");
  }

  @Test
  void latenessThatIsTooBigForAnyTimeIsSaidOnce() {
    append(row(Instant.now().getEpochSecond(), "1", Instant.now().getEpochSecond()));

    var survey = survey(refusing(sql -> tooLongIf(sql, sql.contains("dateDiff"))));

    assertThat(survey.lines().stream().filter(l -> l.contains("late")))
        .containsExactly("not measured: how late its rows arrive (too long).");
  }

  private static boolean whole(String sql) {
    return sql.contains("`events`") && !sql.contains("INTERVAL");
  }

  private static String tooLongIf(String sql, boolean whether) {
    if (whether) {
      throw new Failure.Remote(Failure.Kind.SIZE, 408, Optional.empty(), "too long");
    }
    return sql;
  }

  @Test
  void newestRowsThatCannotBeToldApartAreCounted() {
    var stock =
        """
        SCHEMA >
            `sku` String `json:$.sku`,
            `shop` String `json:$.shop`,
            `left` Nullable(Int32) `json:$.left`,
            `changed` UInt64 `json:$.changed`

        ENGINE "MergeTree"
        ENGINE_SORTING_KEY "sku"
        """;
    repository.write("datasources/stock.datasource", stock).commit("stock");
    tb("deploy");
    var files = new TreeMap<>(Map.of("datasources/stock.datasource", stock));
    var before = ProjectReader.read(files);
    files.put(
        "datasources/stock.datasource",
        stock
                .replace("KEY \"sku\"", "KEY \"shop, sku\"")
                .replace("\"MergeTree", "\"ReplacingMergeTree")
            + "ENGINE_VER \"changed\"\n");
    var versioned =
        Planner.plan(PlanRequest.of(before, ProjectReader.read(files))).core().direct().getFirst();
    for (var row :
        List.of(
            // two at once, a newer one after two at once, the same twice, NULL beside a value
            "a|1|5", "a|2|5", "b|1|5", "b|2|5", "b|3|6", "c|1|5", "c|1|5", "d|null|5", "d|0|5")) {
      var f = row.split("\\|");
      tinybird.append(
          "stock",
          "{\"sku\":\"%s\",\"shop\":\"x\",\"left\":%s,\"changed\":%s}\n"
              .formatted(f[0], f[1], f[2]));
    }

    var whole = new Surveyor(tinybird, Duration.ofHours(24));
    var inParts =
        new Surveyor(
            refusing(
                sql -> tooLongIf(sql, sql.contains("uniqExact") && !sql.contains("cityHash64"))),
            Duration.ofHours(24));

    var survey = whole.survey(versioned, before, Optional.empty());

    assertThat(survey.ties()).contains(new Survey.Ties("changed", 2, ""));
    assertThat(Objections.of(versioned, survey, Place.of("x"), /* settled= */ true, Set.of()))
        .extracting(Problem::code, Problem::severity)
        .containsExactly(tuple("version_ties", Severity.ERROR));
    assertThat(
            Objections.of(
                versioned, survey, Place.of("x"), /* settled= */ false, Set.of("version_ties")))
        .extracting(Problem::severity)
        .containsExactly(Severity.NOTE);
    var parts = inParts.survey(versioned, before, Optional.empty());
    assertThat(parts.unread()).isEmpty();
    assertThat(parts.ties()).hasValueSatisfying(t -> assertThat(t.part()).isEqualTo("one in 64"));
  }

  @Test
  void aWorkspaceWithoutItsLogSaysSo() {
    var survey =
        survey(
            refusing(sql -> {
              if (sql.contains("datasources_ops_log")) {
                throw new Failure.Remote(
                    Failure.Kind.FORBIDDEN, 403, Optional.empty(), "not for this token");
              }
              return sql;
            }));

    assertThat(survey.feeds()).isEmpty();
    assertThat(survey.lines())
        .contains("not measured: who writes to it (not for this token).")
        .noneMatch(l -> l.contains("names nobody"));
  }

  @Test
  void aLogThatNamesNobodyProvesNothing() {
    assertThat(survey(tinybird).lines())
        .anyMatch(l -> l.contains("names nobody") && l.contains("isn't proof"));
  }

  @Test
  void figuresOfABranchSayWhoseTheyAre() {
    append(row(Instant.now().getEpochSecond(), "1", 1));
    tb("branch", "create", "tmp_ci", "--wait");
    var token = tinybird.branch("tmp_ci").orElseThrow().token().orElseThrow();

    var survey = survey(new HttpTinybird(http, Host.parse(workspace.url()), token));

    assertThat(survey.rows()).contains(0L);
    assertThat(survey.lines()).anyMatch(l -> l.contains("measured in a branch"));
    assertThat(survey(tinybird).lines()).noneMatch(l -> l.contains("branch"));
  }

  private Survey survey(Tinybird asked) {
    return new Surveyor(asked, Duration.ofHours(24))
        .survey(migration, base, base.dataSource("events").orElseThrow().column("ts"));
  }

  private Tinybird refusing(UnaryOperator<String> queries) {
    return (Tinybird)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Tinybird.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("query")) {
                Answer answer = tinybird.query(queries.apply((String) arguments[0]));
                return answer;
              }
              try {
                return method.invoke(tinybird, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static String row(long ts, String price, long arrived) {
    return "{\"ts\":%d,\"price\":\"%s\",\"arrived\":%d}\n".formatted(ts, price, arrived);
  }

  private void append(String rows) {
    assertThat(tinybird.append("events", rows).quarantined()).isZero();
  }

  private static Project project(String events) {
    return ProjectReader.read(new TreeMap<>(Map.of("datasources/events.datasource", events)));
  }

  private void tb(String... words) {
    var out = new ByteArrayOutputStream();
    var stream = new PrintStream(out, true, StandardCharsets.UTF_8);
    assertThat(Tb.run(List.of(words), folder, Map.of("TB_VERSION_WARNING", "0"), stream, stream))
        .as(out.toString(StandardCharsets.UTF_8))
        .isZero();
  }
}
