package dev.backfill.demo;

import dev.backfill.failure.Failure;
import dev.backfill.http.Http;
import dev.backfill.http.Request;
import dev.backfill.tinybird.Tinybird;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What a [Play] plays on: a workspace, a checkout, a shell and this program's own commands.
///
/// @param workspace the main workspace, with an admin's token
/// @param http to the same host
/// @param repository the author's checkout
/// @param folder around it
/// @param environment host and token for this program's commands
record Stage(
    Tinybird workspace,
    Http http,
    Path repository,
    Path folder,
    Shell shell,
    Map<String, String> environment,
    Demo.Backfill backfill,
    PrintStream out,
    PrintStream err,
    Clock clock,
    Instant started) {

  private static final int NOT_READY = 1;
  private static final int RUNS = 5;
  private static final Duration BETWEEN_RUNS = Duration.ofSeconds(3);

  /// Says what comes next.
  void step(String what) {
    out.printf(
        Locale.ROOT,
        "%n== %5.1f s  %s%n",
        Duration.between(started, clock.instant()).toMillis() / 1000.0,
        what);
    out.flush();
  }

  void say(String line) {
    out.println("  " + line);
    out.flush();
  }

  /// Runs a command of this program, as a person would type it.
  ///
  /// @return its exit status
  int backfill(String... arguments) {
    out.println("$ backfill " + String.join(" ", arguments));
    out.flush();
    return backfill.run(repository, environment, arguments);
  }

  /// The same, which has to end with 0.
  void must(String... arguments) {
    must(0, "backfill " + arguments[0], backfill(arguments));
  }

  /// `backfill run`, which has to end with 0 at last: on a slow machine rows may still be under way
  /// when it looks, and then its job is started again, as a schedule does.
  void run() {
    var status = backfill("run");
    for (var again = 1; status == NOT_READY && again <= RUNS; again++) {
      say("not yet: the job starts again, as its schedule says");
      pause(BETWEEN_RUNS);
      status = backfill("run");
    }
    must(0, "backfill run", status);
  }

  static void must(int expected, String what, int status) {
    if (status != expected) {
      throw new Failure.Refused(
          "the demo stops: " + what + " ended with " + status + ", expected " + expected);
    }
  }

  /// Runs a command of Tinybird's own CLI in the author's checkout.
  void tb(String... arguments) {
    var command = new ArrayList<>(List.of("tb"));
    command.addAll(List.of(arguments));
    must(
        0,
        String.join(" ", command),
        shell.shown(repository, Map.of(), command.toArray(new String[0])));
  }

  /// Empties a Data Source and fills it again, as a loader does every few hours.
  void replace(String dataSource, String ndjson) {
    http.send(
        new Request(
            "POST",
            URI.create(
                environment.getOrDefault("BACKFILL_HOST", "")
                    + "/v0/datasources/"
                    + dataSource
                    + "/truncate"),
            Request.Effect.REPEATABLE,
            Optional.ofNullable(environment.get("BACKFILL_TOKEN")),
            Optional.empty()));
    workspace.append(dataSource, ndjson);
  }

  /// The only number that a query gives, in a column `n`.
  long number(String sql) {
    return workspace.query(sql).only().number("n");
  }

  void pause(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure.Interrupted("the demo was interrupted; its folder can be removed");
    }
  }
}
