package dev.backfill.demo;

import dev.backfill.failure.Failure;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Streams events through the Events API until it is told to stop.
final class Producer implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int BATCH = 50;
  private static final int LATE_ONE_IN = 100;
  private static final int LATEST_SECONDS = 20 * 3600;

  private final Tinybird workspace;
  private final AtomicLong late;
  private final Supplier<String> batches;
  private final AtomicReference<String> dataSource;
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicReference<@Nullable Failure> failure = new AtomicReference<>();
  private final Thread thread;

  /// Fifty events of the web site at a time; one in a hundred is late by up to twenty hours.
  static Producer of(Tinybird workspace, String dataSource, Traffic traffic, InstantSource clock) {
    var late = new AtomicLong();
    return new Producer(workspace, dataSource, () -> batch(traffic, clock.instant(), late), late);
  }

  private static String batch(Traffic traffic, Instant now, AtomicLong late) {
    var batch = new StringBuilder();
    for (var i = 0; i < BATCH; i++) {
      var at = now;
      if (traffic.below(LATE_ONE_IN) == 0) {
        at = at.minusSeconds(1 + traffic.below(LATEST_SECONDS));
        late.incrementAndGet();
      }
      traffic.append(batch, at);
    }
    return batch.toString();
  }

  /// @param batches NDJSON, asked for about ten times a second
  Producer(Tinybird workspace, String dataSource, Supplier<String> batches) {
    this(workspace, dataSource, batches, new AtomicLong());
  }

  private Producer(
      Tinybird workspace, String dataSource, Supplier<String> batches, AtomicLong late) {
    this.late = late;
    this.workspace = workspace;
    this.dataSource = new AtomicReference<>(dataSource);
    this.batches = batches;
    thread = Thread.ofPlatform().name("producer").daemon().start(this::produce);
  }

  private void produce() {
    try {
      while (!stop.get()) {
        synchronized (this) {
          acknowledged.addAndGet(
              workspace.append(Objects.requireNonNull(dataSource.get()), batches.get()).rows());
        }
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

  /// From the next batch on events go to another Data Source; the batch under way has ended.
  ///
  /// @return events that were acknowledged before
  synchronized long moveTo(String other) {
    dataSource.set(other);
    return acknowledged.get();
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
