package dev.backfill.run;

import dev.backfill.failure.Failure;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Time, patience and what is told meanwhile: every wait of a run goes through here, so it can be
/// cancelled, keeps the lease alive and says something at least every two seconds.
final class Watch {
  private static final Duration STEP = Duration.ofSeconds(1);

  /// How often another clock is asked at least.
  private static final Duration ASKED = Duration.ofMinutes(1);

  private final InstantSource clock;
  private final Sleeper sleeper;
  private final Consumer<RunEvent> events;
  private final BooleanSupplier cancelled;
  private final Duration unreachable;
  private Runnable heartbeat = () -> {};
  private boolean stopping;

  Watch(
      InstantSource clock,
      Sleeper sleeper,
      Consumer<RunEvent> events,
      BooleanSupplier cancelled,
      Duration unreachable) {
    this.clock = clock;
    this.sleeper = sleeper;
    this.events = events;
    this.cancelled = cancelled;
    this.unreachable = unreachable;
  }

  Instant now() {
    return clock.instant();
  }

  void tell(RunEvent event) {
    events.accept(event);
  }

  /// What is done in every wait; must be quick and may throw to end the wait.
  void heartbeat(Runnable beat) {
    heartbeat = beat;
  }

  /// From now on the run is being wound up: waits no longer end by cancellation or a lost lease.
  void stopping() {
    stopping = true;
    heartbeat = () -> {};
    // An interrupted thread couldn't even ask for its job's end.
    Thread.interrupted();
  }

  void check() {
    if (!stopping && (cancelled.getAsBoolean() || Thread.currentThread().isInterrupted())) {
      throw new Failure.Interrupted("interrupted");
    }
  }

  /// Sleeps without saying anything: for short, regular polls.
  void poll(Duration duration) {
    var left = duration;
    while (left.isPositive()) {
      check();
      heartbeat.run();
      var step = left.compareTo(STEP) < 0 ? left : STEP;
      nap(step);
      left = left.minus(step);
    }
    check();
    heartbeat.run();
  }

  /// Sleeps and says why.
  void pause(String target, String because, Duration duration) {
    var since = now();
    var until = since.plus(duration);
    var left = duration;
    while (left.isPositive()) {
      tell(new RunEvent.Waiting(target, because, since, Optional.of(until)));
      var step = left.compareTo(STEP) < 0 ? left : STEP;
      poll(step);
      left = left.minus(step);
    }
  }

  /// Waits for an instant of a clock that isn't this machine's, and says why.
  ///
  /// @param now that clock
  void await(String target, String because, Supplier<Instant> now, Instant until) {
    var since = now();
    for (var at = now.get(); at.isBefore(until); at = now.get()) {
      var left = Duration.between(at, until);
      var asked = left.compareTo(ASKED) < 0 ? left : ASKED;
      while (asked.isPositive()) {
        tell(new RunEvent.Waiting(target, because, since, Optional.of(until)));
        var step = asked.compareTo(STEP) < 0 ? asked : STEP;
        poll(step);
        asked = asked.minus(step);
      }
    }
  }

  /// Reads; when the host can't be reached or an answer is lost, reads again for a while. Only for
  /// what may be asked twice.
  <T> T read(String target, Supplier<T> question) {
    Optional<Instant> failing = Optional.empty();
    while (true) {
      try {
        return question.get();
      } catch (Failure.Remote failure) {
        // From the first failure on: a process that was asleep hasn't tried anything meanwhile.
        var since = failing.orElse(now());
        failing = Optional.of(since);
        switch (failure.kind()) {
          case LOST, UNREACHABLE, WAIT -> {
            if (now().isAfter(since.plus(unreachable))) {
              throw failure;
            }
            tell(
                new RunEvent.Waiting(
                    target,
                    String.valueOf(failure.getMessage()),
                    since,
                    Optional.of(since.plus(unreachable))));
            poll(failure.retryAfter().orElse(Duration.ofSeconds(1)));
          }
          case SIZE, NOT_FOUND, CONFLICT, FORBIDDEN, PERMANENT -> throw failure;
        }
      }
    }
  }

  private void nap(Duration duration) {
    try {
      sleeper.sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (stopping) {
        return;
      }
      throw new Failure.Interrupted("interrupted");
    }
  }
}
