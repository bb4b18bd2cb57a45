package dev.backfill.local.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.testing.EngineTest;
import dev.backfill.testing.TestEngine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EngineTest
class EngineSessionsTest {
  private final Engine engine = TestEngine.shared();
  private final String database = "engine_" + System.nanoTime();

  @BeforeEach
  void aDatabase() {
    try (var session = engine.session()) {
      session.run("CREATE DATABASE " + database);
      session.run("CREATE TABLE " + database + ".t (a UInt32) ENGINE = MergeTree ORDER BY a");
    }
  }

  @AfterEach
  void noDatabase() {
    try (var session = engine.session()) {
      session.run("DROP DATABASE " + database + " SYNC");
    }
  }

  @Test
  void javaKeepsItsSignalsAfterTheEngineIsUp() {
    for (var i = 0; i < 20; i++) {
      assertThatThrownBy(() -> length(null)).isInstanceOf(NullPointerException.class);
      assertThatThrownBy(() -> deeper(1)).isInstanceOf(StackOverflowError.class);
    }

    try (var session = engine.session()) {
      assertThat(session.run("SELECT 1").text()).isEqualTo("1\n");
    }
  }

  @SuppressWarnings("NullAway")
  private static int length(@Nullable String text) {
    return text.length();
  }

  @SuppressWarnings("InfiniteRecursion")
  private static int deeper(int depth) {
    return deeper(depth + 1) + 1;
  }

  @Test
  void streamedRowsAreStoredAndABadOneKeepsAllOut() {
    try (var session = engine.session()) {
      var insert = "INSERT INTO " + database + ".t (a)";
      session.insert(insert, "JSONEachRow", bytes("{\"a\":1}\n{\"a\":2}\n"));

      assertThatThrownBy(
              () -> session.insert(insert, "JSONEachRow", bytes("{\"a\":3}\n{\"a\":\"x\"}\n")))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("(at row 2)");

      assertThat(session.run("SELECT count(), sum(a) FROM " + database + ".t").text())
          .isEqualTo("2\t3\n");
    }
  }

  @Test
  void anErrorKnowsItsNumber() {
    try (var session = engine.session()) {
      assertThatThrownBy(() -> session.run("SELECT * FROM nowhere"))
          .isInstanceOfSatisfying(
              EngineException.class,
              e -> {
                assertThat(e.code()).isEqualTo(60);
                assertThat(e.text()).doesNotStartWith("Code").contains("nowhere");
              });
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1 INTO OUTFILE '/tmp/backfill-outfile'",
        "SELECT 1; SELECT 2",
        "INSERT INTO t VALUES (1)",
        "SET readonly = 0",
        "DROP TABLE t",
        "SYSTEM FLUSH LOGS",
        "not sql at all"
      })
  void anythingButOneReadingStatementIsSeen(String sql) {
    try (var session = engine.readOnly(database, Map.of())) {
      assertThat(session.onlyReads(sql)).isFalse();
      assertThat(session.onlyReads("SELECT a FROM t")).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO t VALUES (1)",
        "SET readonly = 0",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a UInt8')",
        "SELECT * FROM file('/etc/hostname', 'LineAsString', 'a String')",
        "CREATE TABLE u (a UInt8) ENGINE = Memory",
        "SELECT 1 SETTINGS readonly = 0"
      })
  void aReadOnlySessionReachesNothingElse(String sql) {
    try (var session = engine.readOnly(database, Map.of())) {
      assertThatThrownBy(() -> session.run(sql)).isInstanceOf(EngineException.class);
      assertThat(session.run("SELECT count() FROM t").text()).isEqualTo("0\n");
    }
  }

  @Test
  void settingsBelongToTheirSession() {
    try (var tight = engine.session(Map.of("max_memory_usage", "20000000"));
        var wide = engine.session()) {
      var sql = "SELECT length(groupArray(number)) FROM numbers(10000000)";

      assertThatThrownBy(() -> tight.run(sql))
          .isInstanceOfSatisfying(EngineException.class, e -> assertThat(e.code()).isEqualTo(241));
      assertThat(wide.run(sql).text()).isEqualTo("10000000\n");
    }
  }

  @Test
  void aLentSessionIsTheSameForTheNextOneUnlessAStatementFailed() {
    assertThat(marked(database, true)).isFalse();
    assertThat(marked(database, false)).isTrue();

    try (var session = engine.session(database, Map.of())) {
      assertThatThrownBy(() -> session.run("SELECT * FROM nowhere"))
          .isInstanceOf(EngineException.class);
    }
    assertThat(marked(database, false)).isFalse();
  }

  /// Whether the session has a temporary table that only this connection can have.
  private boolean marked(String of, boolean mark) {
    try (var session = engine.session(of, Map.of())) {
      var marked = session.run("EXISTS TEMPORARY TABLE mark").text().equals("1\n");
      if (mark) {
        session.run("CREATE TEMPORARY TABLE mark (a UInt8)");
      }
      return marked;
    }
  }

  @Test
  void lentSessionsDontMixDatabasesSettingsOrRights() {
    marked(database, true);

    try (var other = engine.session("default", Map.of());
        var tight = engine.session(database, Map.of("max_threads", "1"));
        var reader = engine.readOnly(database, Map.of());
        var fresh = engine.session(database, Map.of())) {
      assertThat(other.run("SELECT currentDatabase()").text()).isEqualTo("default\n");
      assertThat(tight.run("SELECT getSetting('max_threads')").text()).isEqualTo("1\n");
      assertThat(reader.run("SELECT currentDatabase(), getSetting('readonly')").text())
          .isEqualTo(database + "\t1\n");
      assertThat(fresh.run("EXISTS TEMPORARY TABLE mark").text()).isEqualTo("1\n");
      assertThat(fresh.run("SELECT getSetting('readonly')").text()).isEqualTo("0\n");
    }
  }

  @Test
  void aLentSessionOutlivesItsDatabase() {
    var gone = database + "_gone";
    for (var i = 0; i < 2; i++) {
      try (var session = engine.session()) {
        session.run("CREATE DATABASE " + gone);
      }
      try (var session = engine.session(gone, Map.of())) {
        session.run("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a");
        assertThat(session.run("SELECT count() FROM t").text()).isEqualTo("0\n");
      }
      try (var session = engine.session()) {
        session.run("DROP DATABASE " + gone + " SYNC");
      }
    }
  }

  @Test
  void aTaggedStatementIsKilled() throws Exception {
    try (var threads = Executors.newSingleThreadExecutor();
        var session = engine.session()) {
      var running =
          CompletableFuture.supplyAsync(
              () ->
                  session.run(
                      "SELECT /*job:77*/ sum(sleepEachRow(0.05)) FROM numbers(1000)"
                          + " SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0"),
              threads);
      while (!processes().contains("job:77")) {
        Thread.onSpinWait();
      }

      engine.kill("job:77");

      assertThatThrownBy(() -> running.get(20, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOfSatisfying(EngineException.class, e -> assertThat(e.code()).isEqualTo(394));
    }
  }

  private String processes() {
    try (var session = engine.session()) {
      return session
          .run("SELECT query FROM system.processes WHERE query NOT LIKE '%processes%'")
          .text();
    }
  }

  @Test
  void aVirtualThreadIsTurnedAway() throws Exception {
    var seen = new CompletableFuture<Throwable>();

    Thread.ofVirtual()
        .start(() -> {
          try (var session = engine.session()) {
            seen.completeExceptionally(new AssertionError(session.run("SELECT 1").text()));
          } catch (IllegalStateException e) {
            seen.complete(e);
          }
        })
        .join();

    assertThat(seen.get()).hasMessageContaining("platform threads");
  }

  @Test
  void aSecondEngineIsRefused(@TempDir Path elsewhere) {
    assertThatThrownBy(() -> Engine.open(elsewhere)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theLibraryIsFoundOrTheReasonIsSaid(@TempDir Path home) throws Exception {
    var library = Files.createFile(home.resolve("libchdb.so"));

    assertThat(EngineLibrary.find(named(Map.of("CHDB_LIBRARY", library.toString())), "Linux", "x"))
        .isEqualTo(library);
    assertThatThrownBy(
            () -> EngineLibrary.find(named(Map.of("CHDB_LIBRARY", "/nowhere")), "Linux", "amd64"))
        .hasMessageContaining("CHDB_LIBRARY");
    assertThatThrownBy(() -> EngineLibrary.find(named(Map.of()), "Mac OS X", "aarch64"))
        .hasMessageContaining("Linux x86-64");
  }

  private static java.util.function.UnaryOperator<String> named(Map<String, String> values) {
    return name -> values.getOrDefault(name, "");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
