package dev.backfill.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.launcher.LauncherConstants;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/// Many workspaces on one engine don't see each other.
@EngineTest
class LocalIsolationTest {

  @Test
  void workspacesWithTheSameNamesKeepTheirRowsFaultsAndJobsApart(@TempDir Path folder)
      throws Exception {
    try (var threads = Executors.newFixedThreadPool(4)) {
      var work = new ArrayList<Callable<String>>();
      for (var i = 0; i < 4; i++) {
        var rows = i + 1;
        work.add(() -> use(folder.resolve("w" + rows), rows));
      }
      var seen = new ArrayList<String>();
      for (var one : threads.invokeAll(work)) {
        seen.add(one.get());
      }
      assertThat(seen).containsExactly("1 1 done 1", "2 2 done 1", "3 3 error 1", "4 4 done 1");
    }
  }

  private static String use(Path data, int rows) {
    try (var api = LocalApi.start(data)) {
      api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
      api.dataSource("twin", "`id` UInt32", "id");
      api.dataSource("fed", "`id` UInt32", "id");
      api.pipe("mv", "materialized", "fed", "SELECT id FROM events", false);
      api.pipe("copy", "copy", "twin", "SELECT id FROM events", false);
      if (rows == 3) {
        api.workspace().faults().failCopies(1, "[Error] mine alone");
      }
      api.events(
          "events",
          IntStream.range(0, rows).mapToObj(i -> "{\"id\":" + i + "}").toArray(String[]::new));
      var job = api.copy("copy", "");
      return api.value("SELECT count() FROM events")
          + " "
          + api.value("SELECT count() FROM fed")
          + " "
          + job.path("status").asString()
          + " "
          + api.get("/v0/jobs").json().path("jobs").size();
    }
  }

  /// Hard links: as many files as there are, and not one byte of a row is written again.
  @Test
  void aBranchIsMadeOfLinksSoItTakesNoLongerForMoreRows(@TempDir Path data) throws Exception {
    try (var api = LocalApi.start(data);
        var session = TestEngine.shared().session()) {
      api.dataSource("events", "`id` UInt32 `json:$.id`", "id");
      api.events(
          "events",
          IntStream.range(0, 1000).mapToObj(i -> "{\"id\":" + i + "}").toArray(String[]::new));

      var job = api.post("/v0/environments?name=linked&data=all_partitions").json();
      api.ended(job.path("job").path("job_id").asString());

      var database = api.workspace().database() + "_";
      var parts =
          session
              .run(
                  "SELECT path FROM system.parts WHERE active AND table = 'events'"
                      + " AND startsWith(database, '"
                      + database
                      + "')")
              .text()
              .lines()
              .toList();
      assertThat(parts).isNotEmpty();
      for (var part : parts) {
        try (var files = Files.list(Path.of(part))) {
          assertThat(files.filter(f -> f.toString().endsWith(".bin")))
              .isNotEmpty()
              .allSatisfy(f ->
                  assertThat((int) Files.getAttribute(f, "unix:nlink")).isGreaterThanOrEqualTo(2));
        }
      }
    }
  }

  /// The same tests twice over, in two classes at once, on the engine of this JVM.
  @Test
  void twoTestClassesRunAtTheSameTimeOnOneEngine() {
    var listener = new SummaryGeneratingListener();
    var request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(List.of(selectClass(Left.class), selectClass(Right.class)))
            .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
            .configurationParameter(
                "junit.jupiter.execution.parallel.mode.classes.default", "concurrent")
            .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
            .configurationParameter(
                "junit.jupiter.execution.parallel.config.fixed.parallelism", "2")
            .configurationParameter(LauncherConstants.CAPTURE_STDOUT_PROPERTY_NAME, "false")
            .build();

    LauncherFactory.create().execute(request, listener);

    var summary = listener.getSummary();
    assertThat(summary.getFailures()).isEmpty();
    assertThat(summary.getTestsSucceededCount()).isEqualTo(2);
    assertThat(Meeting.together).as("both were at work at the same time").isTrue();
  }

  /// Where the two classes wait for each other.
  static final class Meeting {
    private static final java.util.concurrent.CyclicBarrier BARRIER =
        new java.util.concurrent.CyclicBarrier(2);
    private static volatile boolean together;

    private Meeting() {}

    static void meet() throws Exception {
      BARRIER.await(60, java.util.concurrent.TimeUnit.SECONDS);
      together = true;
    }
  }

  /// Not a test of its own: run by [LocalIsolationTest].
  static class Left {
    @Test
    void works(@TempDir Path data) throws Exception {
      both(data, 5);
    }
  }

  /// Not a test of its own: run by [LocalIsolationTest].
  static class Right {
    @Test
    void works(@TempDir Path data) throws Exception {
      both(data, 7);
    }
  }

  private static void both(Path data, int rows) throws Exception {
    Meeting.meet();
    assertThat(use(data, rows)).isEqualTo(rows + " " + rows + " done 1");
    Meeting.meet();
  }
}
