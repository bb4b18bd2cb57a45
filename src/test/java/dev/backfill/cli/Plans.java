package dev.backfill.cli;

import dev.backfill.report.CoreJson;
import dev.backfill.report.Samples;
import java.util.Optional;

/// Committed plans.
final class Plans {
  static final String SMALL = CoreJson.file(Samples.core(Optional.empty()));

  private Plans() {}
}
