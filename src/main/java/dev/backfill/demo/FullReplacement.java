package dev.backfill.demo;

import java.util.Map;
import java.util.SortedMap;

/// The specification's scenario 2: every few hours everything is replaced. Two loads come between
/// the deployment and the run, and one after it; none of them may be there twice.
final class FullReplacement extends Play {
  private static final String FILE = "datasources/products.datasource";
  private long rows;
  private int loads;

  @Override
  String name() {
    return "full_replacement";
  }

  @Override
  long rows() {
    return 20_000;
  }

  @Override
  SortedMap<String, String> base() {
    return project(
        "products",
        FILE,
        "datasources/products_per_shop.datasource",
        "pipes/count_products.pipe",
        "pipes/cheapest.pipe");
  }

  @Override
  String settings() {
    return "datasources:\n  products:\n    scenario: full_replacement\n";
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `id` to `shop, id`";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return edited(base, FILE, "KEY \"id\"", "KEY \"shop, id\"");
  }

  /// Every load has the same products at other prices, one more, and a few equal rows.
  private String load() {
    loads++;
    var out = new StringBuilder();
    for (var id = 1; id <= rows + loads; id++) {
      var row =
          "{\"id\":%d,\"shop\":\"shop %d\",\"price\":%.1f,\"load\":%d}\n"
              .formatted(id, id % 7, (id % 100 + loads) / 2.0, loads);
      out.append(row);
      if (id % 1_000 == 0) {
        out.append(row);
      }
    }
    return out.toString();
  }

  private void load(Stage stage) {
    stage.replace("products", load());
    stage.say(
        "load %d: %,d rows in products, %,d in products_1"
            .formatted(
                loads,
                stage.number("SELECT count() AS n FROM products"),
                stage.workspace().dataSource("products_1").isEmpty()
                    ? 0
                    : stage.number("SELECT count() AS n FROM products_1")));
  }

  @Override
  void seed(Stage stage, long rows) {
    this.rows = rows;
    stage.step("The loader fills products");
    load(stage);
  }

  @Override
  void deployed(Stage stage) {
    stage.step("Two loads replace everything");
    load(stage);
    load(stage);
  }

  @Override
  void run(Stage stage) {
    stage.step("backfill run copies what the last load brought, and proves it");
    stage.run();
    stage.must("verify");
  }

  @Override
  Figures figures(Stage stage) {
    var difference = difference(stage, "products", "products_1");
    var fork =
        stage.number(
            "SELECT abs(toInt64(countMerge(products)) - (SELECT count() FROM products_1)) AS n"
                + " FROM products_per_shop_1");
    var loadsThere = stage.number("SELECT uniqExact(load) AS n FROM products_1");
    stage.step("A third load: it stays out of products_1, and backfill run says so");
    load(stage);
    Stage.must(1, "backfill run", stage.backfill("run"));
    var after = stage.number("SELECT uniqExact(load) AS n FROM products_1");
    stage.step("The loader is pointed at products_1: its next load is all there is");
    stage.replace("products_1", load());
    stage.replace(
        "products", stage.number("SELECT count() AS n FROM products_1") > 0 ? again() : "");
    var handedOver = difference(stage, "products", "products_1");
    return figures(
        new Difference(
            difference.lost() + handedOver.lost(), difference.doubled() + handedOver.doubled()),
        rows + loads,
        stage.number("SELECT count() AS n FROM products_1"),
        fork,
        loadsThere == 1 && after == 1);
  }

  /// The last load once more.
  private String again() {
    loads--;
    return load();
  }

  @Override
  int proof() {
    // A view behind a Data Source that is replaced adds up its loads, here as before.
    return 1;
  }

  @Override
  void last(Stage stage) {
    // The proof is that of the run: after it the loader goes on.
  }
}
