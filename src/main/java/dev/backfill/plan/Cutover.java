package dev.backfill.plan;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// When the cutover lies: bound by `deploy.sh`, or pinned.
///
/// @param lead how long after the deploy, when bound then
/// @param pinned the instant, when the author gave one
public record Cutover(Duration lead, Optional<Instant> pinned) {
  public boolean boundAtDeploy() {
    return pinned.isEmpty();
  }
}
