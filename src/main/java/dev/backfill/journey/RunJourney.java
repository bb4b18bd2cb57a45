package dev.backfill.journey;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.run.Outcome;
import dev.backfill.run.RunEvent;
import dev.backfill.run.RunOptions;
import dev.backfill.run.Runner;
import dev.backfill.run.Sleeper;
import dev.backfill.status.Confirmation;
import dev.backfill.status.Step;
import dev.backfill.status.Wanted;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// The production backfill of a committed plan.
public final class RunJourney {
  private RunJourney() {}

  /// @param cancelled asked often; once true, what was started is ended and the run stops
  /// @throws Failure.Refused when the plan has nothing to run
  /// @throws Failure.Interrupted when cancelled
  public static Outcome run(
      PlanCore core,
      Tinybird tinybird,
      RunOptions options,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    stopOnBranch(tinybird);
    var edited = new LiveTexts(core, tinybird).reasons();
    if (!edited.isEmpty()) {
      return new Outcome.NotReady(edited, List.of(), List.of());
    }
    var runner = new Runner(tinybird, clock, sleeper, events, cancelled);
    return runner.past(core, options)
        ? past(core, tinybird, options, clock, sleeper, events, cancelled)
        : runner.run(core, options);
  }

  // Nothing feeds the new versions any more; whether that was too early is for the figures to say.
  private static Outcome past(
      PlanCore core,
      Tinybird tinybird,
      RunOptions options,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    var said = new TreeSet<String>();
    if (options.directWrites()) {
      said.add(Confirmation.PRODUCERS_MOVED.toString());
    }
    if (options.viewsKeepDeleted()) {
      said.add(Confirmation.VIEWS_KEEP_DELETED.toString());
    }
    var status =
        StatusJourney.status(
            core,
            tinybird,
            new Wanted(Duration.ZERO, said, ""),
            /* compare= */ true,
            clock,
            sleeper,
            events,
            cancelled);
    var early =
        status.steps().stream()
            .filter(s -> s.id().equals("run") && s.state() == Step.State.STUCK)
            .flatMap(s -> s.because().stream())
            .map(b -> b.replace("`", ""))
            .toList();
    return early.isEmpty()
        ? new Outcome.Over(
            "the sync and backfill Pipes of "
                + core.migrations().stream()
                    .map(Migration::target)
                    .collect(Collectors.joining(", "))
                + " have been taken away again")
        : new Outcome.NotReady(early, List.of(), List.of());
  }

  // The rows of a branch are a copy: filling it would look like success and leave production empty.
  private static void stopOnBranch(Tinybird tinybird) {
    var workspace = tinybird.workspace();
    if (workspace.main().isPresent()) {
      throw new Failure.Usage(
          "the token is for "
              + workspace.name()
              + ", a branch; run works on the main workspace. Use its token, or backfill"
              + " rehearse.");
    }
  }
}
