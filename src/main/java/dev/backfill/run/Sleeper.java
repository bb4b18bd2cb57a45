package dev.backfill.run;

import java.time.Duration;

/// Lets time pass. Tests move a clock instead.
@FunctionalInterface
public interface Sleeper {
  void sleep(Duration duration) throws InterruptedException;

  static Sleeper real() {
    return Thread::sleep;
  }
}
