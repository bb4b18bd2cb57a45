package dev.backfill.action;

import dev.backfill.github.GitHub;
import dev.backfill.run.RunEvent;
import dev.backfill.tinybird.Tinybird;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;

/// What the action is given: the outside, and time.
public interface House {

  /// The repository of this workflow, seen through a token.
  GitHub github(String token);

  Tinybird tinybird(String host, String token);

  Instant now();

  void sleep(Duration duration) throws InterruptedException;

  /// Somebody wants us to stop.
  boolean cancelled();

  /// A word nobody could guess.
  String random();

  /// The talk of a run, for the log.
  Consumer<RunEvent> events();
}
