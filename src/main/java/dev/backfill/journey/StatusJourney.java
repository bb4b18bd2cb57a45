package dev.backfill.journey;

import dev.backfill.plan.PlanCore;
import dev.backfill.run.Observer;
import dev.backfill.run.RunEvent;
import dev.backfill.run.Sleeper;
import dev.backfill.status.Handover;
import dev.backfill.status.Status;
import dev.backfill.status.Wanted;
import dev.backfill.tinybird.Tinybird;
import java.time.InstantSource;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// What is done and what is next of a committed plan, by what its workspace shows. Changes nothing
/// and needs no checkout.
public final class StatusJourney {
  private StatusJourney() {}

  /// @param compare read both sides whole, once; without it nobody knows whether rows are missing
  public static Status status(
      PlanCore core,
      Tinybird tinybird,
      Wanted wanted,
      boolean compare,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    // A host that isn't there is told at once; later ones are waited for.
    tinybird.workspace();
    return Handover.status(
        new Observer(
                tinybird, clock, sleeper, events, cancelled, new LiveTexts(core, tinybird)::edited)
            .observe(core, compare),
        wanted);
  }
}
