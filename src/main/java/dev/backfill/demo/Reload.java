package dev.backfill.demo;

import java.util.Map;
import java.util.SortedMap;

/// A Data Source that a Copy Pipe replaces on a schedule: the new version gets a loader of its own.
final class Reload extends Play {
  private static final String FILE = "datasources/daily_totals.datasource";
  private long orders;

  @Override
  String name() {
    return "reload";
  }

  @Override
  long rows() {
    return 20_000;
  }

  @Override
  SortedMap<String, String> base() {
    return project("totals", "datasources/orders.datasource", FILE, "pipes/fill_daily_totals.pipe");
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `day` to `orders, day`";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return edited(base, FILE, "KEY \"day\"", "KEY \"orders, day\"");
  }

  private void order(Stage stage, long rows) {
    var out = new StringBuilder();
    for (var i = 0; i < rows; i++) {
      orders++;
      out.append(
          "{\"id\":%d,\"day\":\"2026-0%d-1%d\",\"amount\":%.1f}\n"
              .formatted(orders, 1 + orders % 9, orders % 10, orders % 50 / 2.0));
    }
    stage.workspace().append("orders", out.toString());
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d orders, and the first load of daily_totals".formatted(rows));
    order(stage, rows);
    stage.tb("pipe", "copy", "run", "fill_daily_totals", "--wait", "--yes");
  }

  @Override
  void deployed(Stage stage) {
    stage.step("Before its first load the new version isn't ready");
    Stage.must(1, "backfill run", stage.backfill("run"));
    for (var load = 1; load <= 2; load++) {
      stage.step("More orders, and load " + load + " of both versions by their schedules");
      order(stage, 500);
      stage.tb("pipe", "copy", "run", "fill_daily_totals", "--wait", "--yes");
      stage.tb("pipe", "copy", "run", "fill_daily_totals_1", "--wait", "--yes");
    }
  }

  @Override
  void run(Stage stage) {
    stage.step("backfill run copies nothing here, and proves the load");
    stage.run();
  }

  @Override
  Figures figures(Stage stage) {
    var row =
        stage
            .workspace()
            .query(
                """
                SELECT countIf(t.day = '1970-01-01') AS lost,
                    (SELECT count() - uniqExact(day) FROM daily_totals_1) AS doubled,
                    sum(abs(toInt64(s.orders) - toInt64(t.orders))) AS off
                FROM (SELECT day, count() AS orders FROM orders GROUP BY day) AS s
                LEFT JOIN daily_totals_1 AS t ON s.day = t.day\
                """)
            .only();
    return figures(
        new Difference(row.number("lost"), row.number("doubled")),
        orders,
        stage.number("SELECT count() AS n FROM daily_totals_1"),
        row.number("off"),
        true);
  }
}
