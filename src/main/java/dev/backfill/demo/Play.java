package dev.backfill.demo;

import dev.backfill.local.LocalWorkspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

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

  /// Before anything is deployed.
  void prepare(LocalWorkspace local) {}

  /// Fills the source.
  abstract void seed(Stage stage, long rows);

  /// Whatever goes on from before the pull request begins.
  void begin(Stage stage) {}

  /// CD has run `deploy.sh`: what people and producers do then.
  void deployed(Stage stage) {}

  /// The backfill.
  void run(Stage stage) {
    stage.step("backfill run copies what is there, and proves it");
    stage.run();
  }

  /// The backfill is done: what goes on, and what ends.
  void afterwards(Stage stage) {}

  /// The last sweep and proof.
  void last(Stage stage) {
    stage.run();
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
    return List.of(
        new StreamingTimestamp(),
        new NotProduction(),
        new FullReplacement(),
        new Reload(),
        new Delta(),
        new Populate(),
        new LatestVersion(),
        new SeamPlay(),
        new ReplayPlay(),
        new MovedIngestion(),
        new KafkaTwin());
  }

  /// How the proof ends when all is over.
  int proof() {
    return 0;
  }

  /// The files of a project under `demo/` of the resources, which is at version 0.0.0.
  static SortedMap<String, String> project(String name, String... files) {
    var texts = new TreeMap<>(Map.of(".tinyenv", "VERSION=0.0.0\n"));
    for (var file : files) {
      try (var in = Play.class.getResourceAsStream("/demo/" + name + "/" + file)) {
        var bytes = Objects.requireNonNull(in, file).readAllBytes();
        texts.put(file, new String(bytes, StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return texts;
  }

  /// One file with another text in one place.
  static Map<String, String> edited(
      SortedMap<String, String> base, String file, String from, String to) {
    return Map.of(file, base.getOrDefault(file, "").replace(from, to));
  }

  /// Rows with an `id`, told apart by nothing else: what one Data Source has more of than the
  /// other.
  static Difference difference(Stage stage, String expected, String actual) {
    var row =
        stage
            .workspace()
            .query(
                """
                SELECT sum(if(s > t, s - t, 0)) AS lost, sum(if(t > s, t - s, 0)) AS doubled FROM
                (
                    SELECT id, countIf(side = 0) AS s, countIf(side = 1) AS t FROM
                    (
                        SELECT id, 0 AS side FROM %s UNION ALL SELECT id, 1 AS side FROM %s
                    )
                    GROUP BY id
                )\
                """
                    .formatted(expected, actual))
            .only();
    return new Difference(row.number("lost"), row.number("doubled"));
  }

  /// Rows that the second Data Source has too few and too many of.
  record Difference(long lost, long doubled) {}

  static Figures figures(
      Difference difference, long acknowledged, long rows, long forkOff, boolean good) {
    return new Figures(
        difference.lost(),
        difference.doubled(),
        List.of(
            "rows acknowledged        %,15d".formatted(acknowledged),
            "rows in the new version  %,15d".formatted(rows),
            "lost                     %,15d".formatted(difference.lost()),
            "doubled                  %,15d".formatted(difference.doubled()),
            "the view behind it: off by %,13d".formatted(forkOff)),
        good && forkOff == 0);
  }
}
