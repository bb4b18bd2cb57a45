package dev.backfill.journey;

import dev.backfill.plan.PlanCore;
import dev.backfill.run.Observer;
import dev.backfill.run.RunEvent;
import dev.backfill.run.Sleeper;
import dev.backfill.status.Facts;
import dev.backfill.status.Handover;
import dev.backfill.status.Status;
import dev.backfill.status.Wanted;
import dev.backfill.tinybird.Tinybird;
import java.time.InstantSource;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// What is done and what is next of a committed plan, by what its workspace shows. Changes nothing
/// and needs no checkout.
public final class StatusJourney {
  private StatusJourney() {}

  /// Who works on a plan's targets now, by the claims in the workspace.
  public static List<String> holders(
      PlanCore core,
      Tinybird tinybird,
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled) {
    var facts =
        new Observer(
                tinybird, clock, sleeper, events, cancelled, new LiveTexts(core, tinybird)::edited)
            .observe(core, /* compare= */ false);
    return facts.targets().stream()
        .flatMap(t -> t.leases().stream())
        .filter(l -> l.until().filter(facts.asOf()::isBefore).isPresent())
        .map(Facts.Lease::holder)
        .distinct()
        .toList();
  }

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
