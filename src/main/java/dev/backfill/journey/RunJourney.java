package dev.backfill.journey;

import dev.backfill.failure.Failure;
import dev.backfill.plan.PlanCore;
import dev.backfill.run.Outcome;
import dev.backfill.run.RunEvent;
import dev.backfill.run.RunOptions;
import dev.backfill.run.Runner;
import dev.backfill.run.Sleeper;
import dev.backfill.tinybird.Tinybird;
import java.time.InstantSource;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

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
    return new Runner(tinybird, clock, sleeper, events, cancelled).run(core, options);
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
