package dev.backfill.project;

import java.util.List;
import java.util.Optional;

/// A table engine with its effective options. Equal meaning gives equal values: an absent primary
/// key is empty (the sorting key counts), `tuple()`, `""` and an absent key are all the empty list,
/// a key equal to `tuple(a, b)` is `[a, b]`.
///
/// @param family canonical name, e.g. `MergeTree`, `ReplacingMergeTree`, `Null`
/// @param sortingKey top-level expressions, normalised text
/// @param partitionKey the same
/// @param primaryKey the same; empty when equal to the sorting key or absent
/// @param samplingKey expression
/// @param ttl normalised text; `x + INTERVAL 3 DAY` and `x + toIntervalDay(3)` are equal
/// @param ver ENGINE_VER
/// @param isDeleted ENGINE_IS_DELETED
/// @param sign ENGINE_SIGN
/// @param version ENGINE_VERSION (VersionedCollapsing)
/// @param columns ENGINE_COLUMNS (Summing)
/// @param settings ENGINE_SETTINGS, normalised text; default `index_granularity = 8192` counts as
///   absent
public record Engine(
    String family,
    List<String> sortingKey,
    List<String> partitionKey,
    List<String> primaryKey,
    Optional<String> samplingKey,
    Optional<String> ttl,
    Optional<String> ver,
    Optional<String> isDeleted,
    Optional<String> sign,
    Optional<String> version,
    List<String> columns,
    Optional<String> settings) {

  public Engine {
    sortingKey = List.copyOf(sortingKey);
    partitionKey = List.copyOf(partitionKey);
    primaryKey = List.copyOf(primaryKey);
    columns = List.copyOf(columns);
  }

  /// The engine drops, sums or merges rows of equal sorting key, so row counts aren't kept.
  public boolean mergesRows() {
    return !family.equals("MergeTree") && !family.equals("Null") && !family.equals("Join");
  }

  /// Which row survives depends on the order of insertion.
  public boolean orderDependent() {
    return (family.equals("ReplacingMergeTree") && ver.isEmpty())
        || family.equals("CollapsingMergeTree");
  }
}
