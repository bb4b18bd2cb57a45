package dev.backfill.demo;

import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;

/// The specification's scenario 4 as it goes by default: a live stream in which no column says when
/// a row came, and equal rows are no mistake.
class Delta extends Clicks {

  @Override
  String name() {
    return "delta";
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `id` to `button, id`";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return edited(base, FILE, "KEY \"id\"", "KEY \"button, id\"");
  }

  /// Some rows come twice, and some again much later.
  @Override
  final void again(StringBuilder out, long id) {
    if (id % 97 == 0) {
      row(out, id);
    }
    if (id % 101 == 0) {
      row(out, id - id / 2);
    }
  }

  @Override
  void run(Stage stage) {
    stage.step(
        "backfill run copies until shortly before the cutover, then adds what came until then, and proves it");
    stage.run();
  }

  @Override
  void afterwards(Stage stage) {
    stage.step("The stream goes on");
    stage.pause(Duration.ofSeconds(2));
    end();
  }

  @Override
  Figures figures(Stage stage) {
    var source = stage.number("SELECT count() AS n FROM clicks");
    var rows = stage.number("SELECT count() AS n FROM clicks_1");
    return figures(
        difference(stage, "clicks", "clicks_1"),
        acknowledged(),
        rows,
        fork(stage, rows),
        source == acknowledged());
  }
}
