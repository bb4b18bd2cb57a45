package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.change.Verdict;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.project.ProjectReader;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// The changes that end a migration, as files.
class CleanUpTest {
  private static final String EVENTS =
      """
      SCHEMA >
          `ts` DateTime `json:$.ts`,
          `user` String `json:$.user`,
          `price` String `json:$.price`

      ENGINE "MergeTree"
      ENGINE_SORTING_KEY "ts"
      """;

  private final SortedMap<String, String> files = new TreeMap<>();

  @Test
  void aReaderKeepsItsFormatting() {
    files.put(
        "endpoints/top.pipe",
        "TOKEN t READ\r\n\r\nNODE a\r\nSQL >\r\n   %\r\n   select user,  count() n\r\n   from   events   -- all of events\r\n   {% if defined(u) %} where user = {{String(u)}} {% end %}\r\n   group by user\r\n");

    var made = CleanUp.switchReaders(deployed("price` String"), core("price` String"));

    assertThat(made.byHand()).isEmpty();
    assertThat(made.changes())
        .singleElement()
        .satisfies(c ->
            assertThat(c.text())
                .contains(
                    files
                        .getOrDefault("endpoints/top.pipe", "")
                        .replace("from   events   --", "from   events_1   --")));
  }

  @Test
  void aReaderThatUsesAColumnOfAnotherTypeIsLookedAtByAPerson() {
    files.put("pipes/sum.pipe", "NODE a\nSQL >\n    SELECT sum(toFloat64(price)) FROM events\n");
    files.put("pipes/users.pipe", "NODE a\nSQL >\n    SELECT uniq(user) FROM events\n");

    var made = CleanUp.switchReaders(deployed("price` Float64"), core("price` Float64"));

    assertThat(made.changes()).hasSize(2);
    assertThat(made.lookAt()).singleElement().asString().startsWith("pipes/sum.pipe may use price");
    assertThat(made.byHand()).as("nothing is left unwritten").isEmpty();
  }

  @Test
  void whatATemplateReachesIsLeftToAPerson() {
    files.put(
        "pipes/any.pipe", "NODE a\nSQL >\n    %\n    SELECT count() FROM {{table('events')}}\n");

    var made = CleanUp.switchReaders(deployed("price` String"), core("price` String"));

    assertThat(made.changes()).isEmpty();
    assertThat(made.byHand()).singleElement().asString().contains("pipes/any.pipe reaches events");
  }

  @Test
  void theSwitchIsJudgedAsNothingToMigrateAlsoWhereAViewJoinsTheOldVersion() {
    files.put("pipes/top.pipe", "NODE a\nSQL >\n    SELECT count() FROM events\n");
    files.put(
        "datasources/visits.datasource",
        "SCHEMA >\n    `at` DateTime `json:$.at`,\n    `user` String `json:$.user`\n\nENGINE MergeTree\nENGINE_SORTING_KEY at\n");
    files.put(
        "datasources/bought.datasource",
        "SCHEMA >\n    `at` DateTime,\n    `user` String\n\nENGINE MergeTree\nENGINE_SORTING_KEY at\n");
    files.put(
        "pipes/bought.pipe",
        "NODE a\nSQL >\n    SELECT v.at AS at, v.user AS user FROM visits v JOIN events e ON e.user = v.user\nTYPE materialized\nDATASOURCE bought\n");
    var before = deployed("price` String");

    var after = applied(before, CleanUp.switchReaders(before, core("price` String")));

    assertThat(after.getOrDefault("pipes/bought.pipe", "")).contains("JOIN events_1 e");
    assertThat(verdict(before, after)).isEqualTo(Verdict.NONE);
  }

  @Test
  void everyStepIsJudgedAsAnEnd() {
    files.put("pipes/top.pipe", "NODE a\nSQL >\n    SELECT count() FROM events\n");
    var core = core("price` Float64");
    var base = deployed("price` Float64");
    var switched = applied(base, CleanUp.switchReaders(base, core));
    var fed = applied(switched, CleanUp.removeFeeds(switched, core));
    var old = applied(fed, CleanUp.removeOld(fed, core));

    assertThat(verdict(base, switched)).isEqualTo(Verdict.NONE);
    assertThat(verdict(switched, fed)).isEqualTo(Verdict.CLEANUP);
    assertThat(verdict(fed, old)).isEqualTo(Verdict.CLEANUP);
    assertThat(old.keySet())
        .containsExactlyInAnyOrder(".tinyenv", "datasources/events_1.datasource", "pipes/top.pipe");
    assertThat(CleanUp.removeOld(old, core).changes()).isEmpty();
    var abandoned = applied(base, CleanUp.abandon(base, core));
    assertThat(verdict(base, abandoned)).isEqualTo(Verdict.CLEANUP);
    var given = new TreeMap<>(files);
    given.put(".tinyenv", abandoned.getOrDefault(".tinyenv", ""));
    assertThat(abandoned).isEqualTo(given);
  }

  @Test
  void nothingGoesThatANewViewStillReads() {
    files.put(
        "datasources/daily.datasource",
        "SCHEMA >\n    `day` Date,\n    `hits` AggregateFunction(count)\n\nENGINE AggregatingMergeTree\nENGINE_SORTING_KEY day\n");
    files.put(
        "pipes/days.pipe",
        "NODE a\nSQL >\n    SELECT toDate(ts) AS day, countState() AS hits FROM events WHERE user != (SELECT min(user) FROM events) GROUP BY day\n\nTYPE materialized\nDATASOURCE daily\n");
    var core = core("price` String");
    assertThat(core.seamed()).hasSize(1);
    var base = deployed("price` String");
    var made = CleanUp.removeFeeds(base, core);
    assertThat(made.byHand()).isEmpty();

    var fed = applied(base, made);
    var old = CleanUp.removeOld(fed, core);

    assertThat(old.changes()).isEmpty();
    assertThat(old.byHand())
        .singleElement()
        .asString()
        .contains("still reads events, which would go");
    // by hand, as it says
    var fork = core.seamed().getFirst().seam().orElseThrow().feeders().getFirst().fork();
    var path = "pipes/" + fork + ".pipe";
    fed.put(
        path,
        files
            .getOrDefault("pipes/days.pipe", "")
            .replace("events", "events_1")
            .replace("daily", "daily_1"));
    assertThat(CleanUp.removeOld(fed, core).byHand()).isEmpty();
    assertThat(CleanUp.removeOld(fed, core).changes()).isNotEmpty();
  }

  private PlanCore core(String price) {
    var head = head(price);
    return Planner.plan(PlanRequest.of(ProjectReader.read(files), ProjectReader.read(head))).core();
  }

  private SortedMap<String, String> head(String price) {
    files.put("datasources/events.datasource", EVENTS);
    var head = new TreeMap<>(files);
    head.put(
        "datasources/events.datasource",
        EVENTS.replace("\"ts\"", "\"user, ts\"").replace("price` String", price));
    return head;
  }

  /// The project as it is when the migration's pull request is merged.
  private SortedMap<String, String> deployed(String price) {
    var head = head(price);
    var base = ProjectReader.read(files);
    var plan = Planner.plan(PlanRequest.of(base, ProjectReader.read(head)));
    var out = new TreeMap<>(head);
    for (var change : Emitter.emit(plan, base, ProjectReader.read(head))) {
      change
          .text()
          .ifPresentOrElse(t -> out.put(change.path(), t), () -> out.remove(change.path()));
    }
    out.put("deploy/" + plan.core().version() + "/plan.json", "{}");
    return out;
  }

  private static SortedMap<String, String> applied(
      SortedMap<String, String> files, CleanUp.Made made) {
    var out = new TreeMap<>(files);
    made.changes()
        .forEach(
            c -> c.text().ifPresentOrElse(t -> out.put(c.path(), t), () -> out.remove(c.path())));
    return out;
  }

  private static Verdict verdict(
      SortedMap<String, String> before, SortedMap<String, String> after) {
    return Planner.plan(PlanRequest.of(ProjectReader.read(before), ProjectReader.read(after)))
        .verdict();
  }
}
