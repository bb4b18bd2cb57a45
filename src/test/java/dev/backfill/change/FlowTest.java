package dev.backfill.change;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.plan.Projects;
import dev.backfill.project.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Where rows flow, through nodes and plain Pipes.
class FlowTest {
  private static Flow flow(String... files) {
    var all = new ArrayList<String>();
    for (var i = 0; i < files.length; i += 2) {
      all.add("pipes/" + files[i] + ".pipe");
      all.add(
          files[i + 1].startsWith("NODE")
              ? files[i + 1]
              : "NODE n\nSQL >\n    " + files[i + 1] + "\n");
    }
    return Flow.of(Projects.with(all.toArray(String[]::new)));
  }

  private static Pipe pipe(Flow flow, String name) {
    return flow.project().pipe(name).orElseThrow();
  }

  @Test
  void aPipeStartsWhereItsFirstTableStarts() {
    var flow =
        flow(
            "z", "SELECT action FROM events JOIN pages_mv ON pathname = action",
            "y", "SELECT action FROM z",
            "x",
                "NODE a\nSQL >\n    SELECT action FROM y\n\nNODE b\nSQL >\n    SELECT action FROM a\n");

    assertThat(flow.origin(pipe(flow, "x"))).contains(new Flow.Origin("events", List.of("z", "y")));
    assertThat(flow.reads(pipe(flow, "x"))).containsExactly("events", "pages_mv", "y", "z");
  }

  @Test
  void aNodeMayHaveTheNameOfTheTableItReads() {
    var flow = flow("x", "NODE events\nSQL >\n    SELECT * FROM events\n");

    assertThat(flow.origin(pipe(flow, "x"))).contains(new Flow.Origin("events", List.of()));
    assertThat(flow.inlined(pipe(flow, "x"), Map.of())).contains("SELECT * FROM events");
    assertThat(flow.outputs(pipe(flow, "x")).orElseThrow()).hasSize(5);
  }

  @Test
  void aNodeHidesATableOfItsName() {
    var flow =
        flow(
            "x",
            "NODE events\nSQL >\n    SELECT 1 AS a\n\nNODE b\nSQL >\n    SELECT a FROM events\n");

    assertThat(flow.readers("events")).extracting(Pipe::name).containsExactly("hits");
    assertThat(flow.reads(pipe(flow, "x"))).isEmpty();
  }

  @Test
  void aNameThatMayBeATableIsOneWhereThereIsSuchATable() {
    var flow =
        flow("x", "SELECT action FROM events WHERE action IN pages_mv AND version IN allowed");

    assertThat(flow.reads(pipe(flow, "x"))).containsExactly("events", "pages_mv");
    assertThat(flow.readers("pages_mv")).extracting(Pipe::name).contains("x");
  }

  @Test
  void anOldVersionIsMeantByItsNumber() {
    var legacy = "VERSION 2\n\n" + Projects.EVENTS;
    for (var number : List.of("2", "1")) {
      var project =
          Projects.with(
              "datasources/events.datasource",
              legacy,
              "pipes/x.pipe",
              "NODE n\nSQL >\n    SELECT action FROM events__v" + number + "\n");
      var flow = Flow.of(project);

      assertThat(flow.origin(pipe(flow, "x")).orElseThrow().table())
          .isEqualTo(number.equals("2") ? "events" : "events__v1");
    }
  }

  @Test
  void pipesThatReadEachOtherEndNowhere() {
    var flow = flow("x", "SELECT action FROM y", "y", "SELECT action FROM x");

    assertThat(flow.origin(pipe(flow, "x"))).isEmpty();
    assertThat(flow.inlined(pipe(flow, "x"), Map.of())).isEmpty();
    assertThat(flow.reads(pipe(flow, "x"))).containsExactly("x", "y");
  }
}
