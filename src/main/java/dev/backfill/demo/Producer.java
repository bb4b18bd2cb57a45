package dev.backfill.demo;

import dev.backfill.failure.Failure;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Streams events through the Events API until it is told to stop; one in a hundred is late by up
/// to twenty hours.
final class Producer implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int BATCH = 50;
  private static final int LATE_ONE_IN = 100;
  private static final int LATEST_SECONDS = 20 * 3600;

  private final Tinybird workspace;
  private final String dataSource;
  private final Traffic traffic;
  private final InstantSource clock;
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong late = new AtomicLong();
  private final AtomicReference<@Nullable Failure> failure = new AtomicReference<>();
  private final Thread thread;

  Producer(Tinybird workspace, String dataSource, Traffic traffic, InstantSource clock) {
    this.workspace = workspace;
    this.dataSource = dataSource;
    this.traffic = traffic;
    this.clock = clock;
    thread = Thread.ofPlatform().name("producer").daemon().start(this::produce);
  }

  private void produce() {
    try {
      while (!stop.get()) {
        var batch = new StringBuilder();
        for (var i = 0; i < BATCH; i++) {
          var at = clock.instant();
          if (traffic.below(LATE_ONE_IN) == 0) {
            at = at.minusSeconds(1 + traffic.below(LATEST_SECONDS));
            late.incrementAndGet();
          }
          traffic.append(batch, at);
        }
        acknowledged.addAndGet(workspace.append(dataSource, batch.toString()).rows());
        Thread.sleep(PAUSE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Failure e) {
      failure.set(e);
    }
  }

  /// Events the workspace acknowledged so far.
  long acknowledged() {
    return acknowledged.get();
  }

  long late() {
    return late.get();
  }

  /// Stops after the batch under way.
  ///
  /// @throws Failure when a batch had failed: then the figures mean nothing
  @Override
  public void close() {
    stop.set(true);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var failed = failure.get();
    if (failed != null) {
      throw failed;
    }
  }
}
