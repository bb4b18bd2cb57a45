package dev.backfill.config;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/// What `backfill.yml` says, defaults filled in (`design.md` 10).
///
/// @param lead how long after the deploy the cutover lies
/// @param margin how long before the cutover the sync pipe must be live
/// @param settle how long counts must stay unchanged before a bucket is believed; longer than any
///   insert takes
/// @param maxLateness how far back late rows are looked for by regular sweeps
/// @param quiet how long the source must be without writes before clean-up
/// @param rehearsalRows rows that a rehearsal must have copied to count, unless there are fewer
/// @param jobsAtOnce copy jobs running at once
/// @param chunkRows most rows in one chunk to begin with
/// @param lease how long a run's claim on a target lasts without renewal
/// @param poll how often a job's state is asked
/// @param copyPipes how many Copy Pipes the account lets a workspace have; empty when nobody said
/// @param dataSources settings of single Data Sources, by name
public record Settings(
    Duration lead,
    Duration margin,
    Duration settle,
    Duration maxLateness,
    Duration quiet,
    long rehearsalRows,
    int jobsAtOnce,
    long chunkRows,
    Duration lease,
    Duration poll,
    OptionalInt copyPipes,
    SortedMap<String, ForDataSource> dataSources) {

  public Settings {
    dataSources = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(dataSources));
  }

  public static final Settings DEFAULTS =
      new Settings(
          Duration.ofMinutes(30),
          Duration.ofMinutes(5),
          Duration.ofSeconds(30),
          Duration.ofHours(24),
          Duration.ofDays(7),
          1_000,
          1,
          5_000_000,
          Duration.ofMinutes(10),
          Duration.ofSeconds(2),
          OptionalInt.empty(),
          new TreeMap<>());

  /// What is said about one Data Source.
  ///
  /// @param scenario wire name of the scenario to use, e.g. `streaming_timestamp`
  /// @param timestampColumn the column that the cutover cuts
  /// @param projection target column to source SQL expression
  /// @param accept codes of warnings that were accepted
  public record ForDataSource(
      Optional<String> scenario,
      Optional<String> timestampColumn,
      Map<String, String> projection,
      java.util.Set<String> accept) {
    public ForDataSource {
      projection = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(projection));
      accept = java.util.Set.copyOf(accept);
    }

    public static final ForDataSource NOTHING =
        new ForDataSource(Optional.empty(), Optional.empty(), Map.of(), java.util.Set.of());
  }

  public ForDataSource of(String dataSource) {
    return dataSources.getOrDefault(dataSource, ForDataSource.NOTHING);
  }
}
