package dev.backfill.demo;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/// One scenario as the demo plays it: a project, a pull request, what producers and people do
/// meanwhile, and what plain SQL must find at the end. The order of the acts is [Demo]'s.
abstract class Play {

  /// Wire name of the scenario.
  abstract String name();

  /// Rows of history to begin with, unless somebody asks for others.
  abstract long rows();

  /// The project's files by path, without `backfill.yml`.
  abstract SortedMap<String, String> base();

  /// What `backfill.yml` says beside the demo's waits.
  String settings() {
    return "";
  }

  /// What the pull request changes, one line.
  abstract String change();

  /// The files that it changes.
  abstract Map<String, String> changed(SortedMap<String, String> base);

  /// Fills the source.
  abstract void seed(Stage stage, long rows);

  /// Whatever goes on from before the pull request begins.
  void begin(Stage stage) {}

  /// CD has run `deploy.sh`: what people and producers do then.
  void deployed(Stage stage) {}

  /// The backfill.
  void run(Stage stage) {
    stage.step("backfill run copies what is there, and proves it");
    stage.must("run");
  }

  /// The backfill is done: what goes on, and what ends.
  void afterwards(Stage stage) {}

  /// The last sweep and proof.
  void last(Stage stage) {
    stage.must("run");
    stage.must("verify");
  }

  /// Ends what [#begin] or any other act has begun; also called when an act has failed.
  void end() {}

  /// Plain SQL over event numbers, which neither copy nor proof has ever looked at.
  abstract Figures figures(Stage stage);

  /// What came out.
  ///
  /// @param lost rows that should be in the new version and aren't
  /// @param doubled rows that are there more than once
  /// @param lines to be shown
  /// @param good whether everything agrees, forks included
  record Figures(long lost, long doubled, List<String> lines, boolean good) {}

  /// Every play, the default one first.
  static List<Play> all() {
    return List.of(new StreamingTimestamp(), new SeamPlay(), new ReplayPlay());
  }
}
