package dev.backfill.http;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Time that passes only by being slept away.
public final class StillPause implements Pause {
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  public final List<Duration> slept = new ArrayList<>();

  @Override
  public Instant now() {
    return now;
  }

  @Override
  public void sleep(Duration duration) {
    slept.add(duration);
    now = now.plus(duration);
  }
}
