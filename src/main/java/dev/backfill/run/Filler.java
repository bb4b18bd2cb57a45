package dev.backfill.run;

import dev.backfill.plan.Chunk;
import java.util.List;
import java.util.Optional;

/// Brings one source's rows into its target. Only ever appends. To be used while the lease is held;
/// killed at any moment, the next one goes on.
interface Filler {
  /// Copies what is absent.
  void bulk();

  /// When to go on, where [#bulk] stopped because the cutover is later than anybody wants to wait.
  default Optional<Outcome.ComeBackAt> open() {
    return Optional.empty();
  }

  /// Adds what is missing in ranges that differ, as far as it can be told from what is under way.
  void sweep(List<Chunk> differing);

  Outcome.Figures figures();
}
