package dev.backfill.http;

import java.time.Duration;
import java.time.Instant;

/// Is told before each pause, so that nobody stares at a silent program.
@FunctionalInterface
public interface Waiting {
  /// @param because who said what; never holds a token
  /// @param since when the first attempt of this request began
  /// @param pause how long the coming pause is
  void waiting(String because, Instant since, Duration pause);

  /// Tells nobody.
  Waiting SILENT = (_, _, _) -> {};
}
