package dev.backfill.plan;

/// What tells the rows that the sync Pipe brings from those that the copies bring.
public enum Border {
  /// The cutover in the source's timestamp column.
  TIMESTAMP,
  /// The cutover as the moment of insertion: the sync Pipe lets every row through that is inserted
  /// at or after it, and none before.
  ARRIVAL,
  /// Nothing: one of the two feeds brings no rows of the source, or the sync has no filter.
  NONE
}
