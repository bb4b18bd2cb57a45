package dev.backfill.plan;

import java.util.Locale;

/// How the data follows (`design.md` 5).
public enum Scenario {
  NOT_PRODUCTION,
  FULL_REPLACEMENT,
  STREAMING_TIMESTAMP,
  POPULATE,
  DELTA,
  MOVE_INGESTION,
  RELOAD,
  KAFKA_TWIN;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
