package dev.backfill.report;

import dev.backfill.change.Impact;
import dev.backfill.change.JudgedChange;
import dev.backfill.change.Platform;
import dev.backfill.change.Verdict;
import dev.backfill.plan.Cause;
import dev.backfill.plan.Cutover;
import dev.backfill.plan.Feed;
import dev.backfill.plan.ForkedPipe;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Plan;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Reader;
import dev.backfill.plan.Scenario;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.TimeType;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The plan of the specification's own example, with a cascade.
public final class Samples {
  static final String SHA = "0123456789abcdef".repeat(4);
  static final TimeType SECONDS = new TimeType(TimeType.Kind.DATETIME, 0, Optional.empty(), false);

  private Samples() {}

  static final JudgedChange CHANGE =
      new JudgedChange(
          "datasources/analytics_events.datasource",
          12,
          "analytics_events",
          "sorting_key",
          "timestamp",
          "action, timestamp",
          Impact.VERSION,
          false,
          "Tinybird can't alter a sorting key.");

  /// The same with what a deployment does about it by itself, as a plan shows it.
  static final JudgedChange SHOWN =
      new JudgedChange(
          CHANGE.file(),
          CHANGE.line(),
          CHANGE.resource(),
          CHANGE.kind(),
          CHANGE.before(),
          CHANGE.after(),
          CHANGE.impact(),
          CHANGE.destructive(),
          CHANGE.reason(),
          Optional.of(
              new Platform(
                  "It leaves this as it is, prints a warning and ends with exit status 0.",
                  Platform.Known.CLIENT)));

  static final Migration DIRECT =
      new Migration(
          "analytics_events",
          "analytics_events_1",
          Cause.DIRECT,
          Scenario.STREAMING_TIMESTAMP,
          new Feed.Live(Feed.Live.Kind.SYNC, "sync_analytics_events_1"),
          new Feed.History(Feed.History.Kind.COPY, "backfill_analytics_events_1"),
          "analytics_events",
          Optional.of(
              new Migration.CutColumn(
                  "timestamp",
                  "timestamp",
                  SECONDS,
                  new TimeType(TimeType.Kind.DATETIME64, 3, Optional.of("UTC"), true))),
          List.of(
              new Migration.Projected("timestamp", "`timestamp`", "DateTime64(3, 'UTC')"),
              new Migration.Projected("action", "`action`", "String")),
          "MergeTree",
          List.of("action", "timestamp"),
          List.of("toYYYYMM(timestamp)"),
          Optional.of("timestamp + toIntervalDay(90)"),
          Optional.empty(),
          List.of(),
          List.of("datasources/analytics_events_1.datasource"));

  static final Migration FORK =
      new Migration(
          "analytics_hits",
          "analytics_hits_1",
          Cause.CASCADE,
          Scenario.STREAMING_TIMESTAMP,
          new Feed.Live(Feed.Live.Kind.FORK, "hits_1"),
          new Feed.History(Feed.History.Kind.FORK, "hits_1"),
          "analytics_events_1",
          Optional.empty(),
          List.of(),
          "AggregatingMergeTree",
          List.of("day"),
          List.of(),
          Optional.empty(),
          Optional.of("SELECT toDate(timestamp) AS day, countState() AS hits FROM t GROUP BY day"),
          List.of(
              new Migration.Reduced("day", "day", true),
              new Migration.Reduced("hits", "countMerge(hits)", false)),
          List.of("pipes/hits_1.pipe"));

  public static PlanCore core(Optional<Instant> pinned) {
    return new PlanCore(
        1,
        "1",
        "classic",
        "0.0.1",
        Optional.of("acme"),
        List.of(CHANGE),
        List.of(DIRECT, FORK),
        List.of(new ForkedPipe("filtered", "filtered_1")),
        new Cutover(Duration.ofMinutes(30), pinned),
        new PlanCore.Limits(
            Duration.ofMinutes(5),
            Duration.ofSeconds(30),
            Duration.ofHours(24),
            1_000,
            1,
            5_000_000,
            Duration.ofMinutes(10),
            Duration.ofSeconds(2)),
        List.of(new PlanCore.Generated("deploy/0.0.1/deploy.sh", "100755", SHA)));
  }

  static PlanReport report() {
    var plan =
        new Plan(
            Verdict.VERSION,
            core(Optional.empty()),
            List.of(SHOWN),
            List.of(new Reader("top_pages", "endpoint", List.of("analytics_hits"))),
            List.of(
                Problem.warning(
                    "late_rows_possible",
                    Place.of("datasources/analytics_events.datasource", 3),
                    "rows may arrive late.",
                    "They are swept for 24 h.")),
            List.of(),
            Map.of("analytics_events", List.of("`timestamp` is DateTime and in the sorting key")));
    return report(plan);
  }

  static PlanReport report(Plan plan) {
    var producers = new Dataflow.Box("producers", Dataflow.Shape.PRODUCERS);
    var boxes = new LinkedHashSet<Dataflow.Box>();
    var before = new LinkedHashSet<Dataflow.Arrow>();
    var after = new LinkedHashSet<Dataflow.Arrow>();
    for (var m : plan.core().direct()) {
      var source = new Dataflow.Box(m.source(), Dataflow.Shape.DATA_SOURCE);
      var target = new Dataflow.Box(m.target(), Dataflow.Shape.NEW_DATA_SOURCE);
      boxes.addAll(List.of(producers, source));
      before.add(new Dataflow.Arrow(producers, source, "", false));
      after.add(new Dataflow.Arrow(producers, source, "", false));
      after.add(new Dataflow.Arrow(source, target, m.liveFeed().pipe(), false));
      after.add(new Dataflow.Arrow(source, target, m.historyFeed().pipe(), true));
    }
    var afterBoxes = new LinkedHashSet<>(boxes);
    after.forEach(a -> afterBoxes.add(a.to()));
    return new PlanReport(
        "a".repeat(40),
        "WORKTREE",
        ".",
        "sha256:" + SHA,
        plan,
        List.of(
            new PlanReport.FileStatus(
                "deploy/0.0.1/deploy.sh", "100755", PlanReport.Presence.MISSING, SHA)),
        new Dataflow(new Dataflow.Graph(boxes, before), new Dataflow.Graph(afterBoxes, after)),
        List.of(
            new PlanReport.Step(
                "generate",
                "write the files and commit them",
                PlanReport.By.YOU,
                "backfill generate",
                "`backfill generate --check` is content")));
  }
}
