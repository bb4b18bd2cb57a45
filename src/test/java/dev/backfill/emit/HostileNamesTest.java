package dev.backfill.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Feed;
import dev.backfill.plan.PlanRequest;
import dev.backfill.plan.Planner;
import dev.backfill.problem.Severity;
import dev.backfill.project.ProjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever a pull request may call a column, write into a default, a description or `.tinyenv`: no
/// emitted file lets it be read as shell, template or SQL.
class HostileNamesTest {
  private static final String HARMLESS = "plain";

  private static SortedMap<String, String> files(String name, String key, String where) {
    var quoted = "`" + name + "`";
    return new TreeMap<>(
        Map.of(
            ".tinyenv",
            "VERSION=1.0.0\n# %s\nCD_FLAGS=%s\n".formatted(name, name),
            "datasources/events.datasource",
            """
            DESCRIPTION >
                %1$s

            SCHEMA >
                `at` DateTime `json:$.at`,
                %2$s String `json:$.a` DEFAULT '%3$s'

            ENGINE "MergeTree"
            ENGINE_PARTITION_KEY "toYYYYMM(at)"
            ENGINE_SORTING_KEY "%4$s"
            """
                .formatted(name, quoted, name.replace("'", "''"), key),
            "datasources/days.datasource",
            """
            SCHEMA >
                `day` Date,
                %s String,
                `n` AggregateFunction(count)

            ENGINE "AggregatingMergeTree"
            ENGINE_SORTING_KEY "day, %s"
            """
                .formatted(quoted, quoted),
            "pipes/by_day.pipe",
            """
            DESCRIPTION >
                %1$s

            NODE counted
            SQL >
                SELECT toDate(at) AS day, %2$s, countState() AS n FROM events%3$s GROUP BY day, %2$s

            TYPE materialized
            DATASOURCE days
            """
                .formatted(name, quoted, where)));
  }

  /// The ways of this project that rows can go, as base and head.
  private static List<List<SortedMap<String, String>>> changes(String name) {
    var lookup = " WHERE at > (SELECT min(at) FROM events)";
    return List.of(
        List.of(files(name, "at", ""), files(name, "`" + name + "`, at", "")),
        List.of(files(name, "at", lookup), files(name, "`" + name + "`, at", lookup)),
        List.of(files(name, "at", ""), files(name, "at", " WHERE at > 0")));
  }

  /// A column that only the new version has is named in the Copy Pipe, too.
  @ParameterizedTest
  @ValueSource(strings = {"`{{x}}` String", "`a` Enum8('{{x}}' = 1)", "`a\\b` String"})
  void aColumnThatATemplateWouldEvaluateIsRefusedWhereItStands(String column) {
    var before = files(HARMLESS, "at", "");
    var after = new TreeMap<>(files(HARMLESS, "`plain`, at", ""));
    after.replaceAll((path, text) ->
        path.equals("datasources/events.datasource")
            ? text.replace("SCHEMA >\n", "SCHEMA >\n    " + column + " `json:$.n`,\n")
            : text);
    var base = ProjectReader.read(before);
    var head = ProjectReader.read(after);

    var obstacles = Emitter.obstacles(Planner.plan(PlanRequest.of(base, head)), base, head);

    assertThat(obstacles)
        .singleElement()
        .satisfies(o -> {
          assertThat(o.code()).isIn("column_not_plain", "expression_not_plain");
          assertThat(o.place().toString()).isEqualTo("datasources/events.datasource:5:5");
        });
  }

  private record Emitted(Feed.History.Kind kind, SortedMap<String, String> files, String refused) {}

  private static List<Emitted> emitted(String name) {
    var out = new ArrayList<Emitted>();
    for (var change : changes(name)) {
      var base = ProjectReader.read(change.getFirst());
      var head = ProjectReader.read(change.getLast());
      var unread = head.problems().stream().filter(p -> p.severity() == Severity.ERROR).findFirst();
      if (unread.isPresent()) {
        out.add(new Emitted(Feed.History.Kind.NONE, new TreeMap<>(), unread.get().code()));
        continue;
      }
      var plan = Planner.plan(PlanRequest.of(base, head));
      assertThat(plan.obstacles()).isEmpty();
      var kind = plan.core().migrations().getLast().historyFeed().kind();
      var obstacles = Emitter.obstacles(plan, base, head);
      if (!obstacles.isEmpty()) {
        out.add(new Emitted(kind, new TreeMap<>(), obstacles.getFirst().code()));
        continue;
      }
      var files = new TreeMap<String, String>();
      Emitter.emit(plan, base, head)
          .forEach(f -> f.text().ifPresent(text -> files.put(f.path(), text)));
      out.add(new Emitted(kind, files, ""));
    }
    return out;
  }

  @Test
  void everyWayIsTried() {
    assertThat(emitted(HARMLESS))
        .extracting(Emitted::kind)
        .containsExactly(Feed.History.Kind.FORK, Feed.History.Kind.SEAM, Feed.History.Kind.REPLAY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "$(touch pwned)",
        "; touch pwned #",
        "x' OR 1 = 1; DROP TABLE events",
        "${HOME}",
        "${BACKFILL_T_EVENTS_1}",
        "${BACKFILL_T_DAYS_1}",
        "-rf",
        "%}",
        "*/ 1",
        "'''",
        "EOF",
        "PYTHON",
        "SEALED",
        "% x",
        "NODE evil",
      })
  void aNameIsOnlyAName(String name) {
    var harmless = emitted(HARMLESS);
    var hostile = emitted(name);
    for (var i = 0; i < hostile.size(); i++) {
      var there = hostile.get(i);
      var script = scriptOf(harmless.get(i));
      assertThat(there.refused()).as(name).isEmpty();
      assertThat(there.files().keySet()).isEqualTo(harmless.get(i).files().keySet());
      there
          .files()
          .forEach((path, text) -> {
            if (path.endsWith(".sh")) {
              // Nothing of it enters the script: only the hashes of the files differ.
              assertThat(hashesOut(text)).isEqualTo(hashesOut(script));
            }
          });
      var project = new TreeMap<>(changes(name).get(i).getLast());
      project.putAll(there.files());
      var read = ProjectReader.read(project);
      assertThat(read.problems()).as(name).isEmpty();
      for (var twin : List.of("events_1", "days_1")) {
        read.dataSource(twin)
            .ifPresent(d -> assertThat(d.columns()).anyMatch(c -> c.name().equals(name)));
      }
      for (var pipe : read.pipes().values()) {
        // What the client would fill in from its environment is ours alone.
        for (var node : pipe.nodes()) {
          if (pipe.name().startsWith("sync_") || pipe.name().startsWith("backfill_")) {
            assertThat(
                    node.sql().replace("$$", "").replaceAll("\\$\\{BACKFILL_T_[A-Z0-9_]+\\}", ""))
                .doesNotContain("$");
          }
        }
        assertThat(pipe.nodes().stream().map(n -> n.name()).toList()).doesNotContain("evil");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{1}}",
        "{% import os %}",
        "{# x #}",
        "a -- b",
        "a /* b",
        "\\' UNION ALL SELECT 1",
        "\"\"\" + 1"
      })
  void whatWouldBeReadAsSomethingElseIsRefused(String name) {
    for (var there : emitted(name)) {
      assertThat(there.refused())
          .as(name + there.kind())
          .isIn("expression_not_plain", "template_without_percent", "unknown_column");
    }
  }

  private static String scriptOf(Emitted emitted) {
    return emitted.files().entrySet().stream()
        .filter(e -> e.getKey().endsWith(".sh"))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse("");
  }

  private static String hashesOut(String script) {
    return script.replaceAll("[0-9a-f]{64}|\"[0-9a-f]{16}\"", "HASH");
  }
}
