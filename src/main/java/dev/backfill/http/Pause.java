package dev.backfill.http;

import java.time.Duration;
import java.time.Instant;

/// The clock of a client, and how it waits.
public interface Pause {
  Instant now();

  void sleep(Duration duration) throws InterruptedException;

  /// Real time.
  Pause SYSTEM =
      new Pause() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(duration);
        }
      };
}
