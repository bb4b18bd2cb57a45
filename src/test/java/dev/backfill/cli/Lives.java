package dev.backfill.cli;

import dev.backfill.journey.RunJourney;
import dev.backfill.local.Faults.Lost;
import dev.backfill.run.Outcome;
import dev.backfill.run.RunEvent;
import dev.backfill.run.RunOptions;
import dev.backfill.tinybird.Tinybird;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Runs that are killed, each after another one of the calls that change something, and go on in
/// the next. Between two lives as much time passes as a lease lasts.
final class Lives {
  private static final Set<String> STEPS =
      Set.of("startCopy", "startPopulate", "createPipe", "createView", "replacePipe");

  private final Migrated migrated;
  private final RunOptions options;
  private int killed;
  private final List<String> story = new ArrayList<>();

  Lives(Migrated migrated, boolean directWrites) {
    this.migrated = migrated;
    var o = RunOptions.of("test");
    options =
        new RunOptions(
            o.holder(),
            o.maxWait(),
            o.requestDeadline(),
            o.unreachable(),
            /* dryRun= */ false,
            directWrites,
            /* changesRepeated= */ false,
            o.resume());
  }

  /// The process is gone.
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  int killed() {
    return killed;
  }

  @Override
  public String toString() {
    return String.join("\n", story);
  }

  /// A life at a time, until one isn't killed any more.
  ///
  /// @param between what happens in the workspace between two of them
  /// @return how the last one ended
  Outcome untilOneSurvives(Runnable between) {
    for (var step = 1; step < 40; step++) {
      // Before the next call is after this one, but for what is under way: once is enough.
      for (var before : step == 2 ? List.of(true, false) : List.of(false)) {
        fault(killed + 4);
        var ended = live(step, before);
        if (ended.isPresent()) {
          return ended.get();
        }
        killed++;
        expire();
        between.run();
      }
    }
    throw new AssertionError("it never ends:\n" + this);
  }

  /// A life without a kill or a fault.
  Outcome undisturbed() {
    migrated.faults().reset();
    return live(Integer.MAX_VALUE, true).orElseThrow();
  }

  private void fault(int life) {
    var faults = migrated.faults();
    faults.reset();
    switch (life % 6) {
      case 0 -> faults.loseCopyAnswers(1, Lost.AFTER);
      case 1 -> {
        faults.failCopies(1, "Memory limit (for query) exceeded: would use 9.31 GiB");
        faults.errorAsBoolean(true);
      }
      case 2 -> faults.vanishingJobs(true);
      case 3 -> faults.loseCopyAnswers(1, Lost.BEFORE);
      case 4 ->
          faults.answer(1, "POST", "/v0/pipes/", 429, "slow down", Map.of("Retry-After", "1"));
      default -> faults.lose(2, "GET", "/v0/jobs", true);
    }
  }

  private Optional<Outcome> live(int step, boolean before) {
    var skipped = new Duration[] {Duration.ZERO};
    var told = new ArrayList<RunEvent>();
    try {
      var outcome =
          RunJourney.run(
              migrated.core(),
              mortal(step, before),
              options,
              () -> Instant.now().plus(skipped[0]),
              duration -> {
                skipped[0] = skipped[0].plus(duration);
                // What runs in the workspace meanwhile gets on.
                Thread.sleep(2);
              },
              told::add,
              () -> false);
      story.add("life " + killed + " ended: " + outcome);
      return Optional.of(outcome);
    } catch (Killed e) {
      story.add(
          "life " + killed + " was killed " + (before ? "before" : "after") + " call " + step);
      return Optional.empty();
    } finally {
      told.stream()
          .filter(e -> !(e instanceof RunEvent.Waiting || e instanceof RunEvent.JobRunning))
          .forEach(e -> story.add("  " + e));
    }
  }

  private Tinybird mortal(int step, boolean before) {
    var left = new int[] {step};
    var dead = new boolean[1];
    return (Tinybird)
        Proxy.newProxyInstance(
            Tinybird.class.getClassLoader(),
            new Class<?>[] {Tinybird.class},
            (proxy, method, arguments) -> {
              var fatal = STEPS.contains(method.getName()) && --left[0] == 0;
              if (dead[0] || (fatal && before)) {
                dead[0] = true;
                throw new Killed();
              }
              Object answer = null;
              Throwable thrown = null;
              try {
                answer = method.invoke(migrated.tinybird, arguments);
              } catch (InvocationTargetException e) {
                thrown = e.getCause();
              }
              if (fatal) {
                dead[0] = true;
                throw new Killed();
              }
              if (thrown != null) {
                throw thrown;
              }
              return answer;
            });
  }

  /// As if ten minutes were over.
  private void expire() {
    for (var pipe : migrated.tinybird.pipes()) {
      if (pipe.name().startsWith("backfill_lease_")) {
        migrated.tinybird.replacePipe(
            pipe.name(),
            pipe.description()
                .replaceFirst("\"expires\":\"[^\"]*\"", "\"expires\":\"2026-01-01T00:00:00Z\""),
            "SELECT 1 AS lease");
      }
    }
  }
}
