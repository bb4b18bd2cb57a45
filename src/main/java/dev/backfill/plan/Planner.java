package dev.backfill.plan;

import dev.backfill.change.Verdict;
import java.util.List;
import java.util.Map;

/// Turns what differs between two revisions into a plan. Pure: the same request gives an equal
/// plan.
public final class Planner {
  /// Version of the change rules; a part of the seal.
  public static final String RULES = "1";

  private Planner() {}

  /// @throws IllegalArgumentException when base or head has a problem of severity ERROR
  public static Plan plan(PlanRequest request) {
    if (!request.base().files().equals(request.head().files())) {
      throw new UnsupportedOperationException("planning isn't built yet");
    }
    var settings = request.settings();
    var core =
        new PlanCore(
            1,
            RULES,
            "classic",
            "",
            request.workspace(),
            List.of(),
            List.of(),
            new Cutover(request.lead().orElse(settings.lead()), request.pinnedCutover()),
            new PlanCore.Limits(
                settings.margin(),
                settings.settle(),
                settings.maxLateness(),
                settings.rehearsalRows(),
                settings.jobsAtOnce(),
                settings.chunkRows(),
                settings.lease(),
                settings.poll()),
            List.of());
    return new Plan(Verdict.NONE, core, List.of(), List.of(), List.of(), Map.of());
  }
}
