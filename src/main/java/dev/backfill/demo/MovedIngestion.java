package dev.backfill.demo;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// The specification's scenario 4b: producers move to the new version first, then history is
/// copied. Some client that nobody thought of goes on writing to the old one.
final class MovedIngestion extends Clicks {
  private static final int STRAGGLERS = 25;

  private long stragglers;

  @Override
  String name() {
    return "move_ingestion";
  }

  @Override
  String settings() {
    return "datasources:\n  clicks:\n    scenario: move_ingestion\n";
  }

  @Override
  String change() {
    return "A pull request changes the sorting key from `id` to `button, id`, and `price` from String to Float64";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    var keyed = edited(base, FILE, "KEY \"id\"", "KEY \"button, id\"");
    return edited(new TreeMap<>(keyed), FILE, "`price` String", "`price` Float64");
  }

  @Override
  void deployed(Stage stage) {
    stage.step("Whoever runs it too early is told that the producers have to move first");
    Stage.must(1, "backfill run", stage.backfill("run"));
    stage.step("The producer moves to clicks_1");
    moveTo("clicks_1");
    stage.pause(Duration.ofSeconds(2));
  }

  private void straggler(Stage stage) {
    append(stage, STRAGGLERS);
    stragglers += STRAGGLERS;
  }

  @Override
  void run(Stage stage) {
    stage.step(
        "A client was offline and sends what it has kept to clicks; backfill run waits until clicks is quiet, makes the view for stragglers, copies, and proves it");
    straggler(stage);
    stage.run();
  }

  @Override
  void afterwards(Stage stage) {
    stage.step("The stream goes on, and so does that client");
    straggler(stage);
    stage.pause(Duration.ofSeconds(2));
    straggler(stage);
    end();
  }

  @Override
  Figures figures(Stage stage) {
    var acknowledged = acknowledged();
    var rows = stage.number("SELECT count() AS n FROM clicks_1");
    var different = stage.number("SELECT uniqExact(id) AS n FROM clicks_1");
    var wrong = stage.number("SELECT countIf(price != id % 100 + 0.5) AS n FROM clicks_1");
    var fork = fork(stage, rows);
    return new Figures(
        acknowledged - different,
        rows - different,
        List.of(
            "rows acknowledged        %,15d".formatted(acknowledged),
            "of them to the old one after the producers had moved %,d".formatted(stragglers),
            "rows in the new version  %,15d".formatted(rows),
            "lost                     %,15d".formatted(acknowledged - different),
            "doubled                  %,15d".formatted(rows - different),
            "prices that are wrong    %,15d".formatted(wrong),
            "the view behind it: off by %,13d".formatted(fork)),
        wrong == 0 && fork == 0);
  }
}
