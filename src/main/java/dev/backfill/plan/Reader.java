package dev.backfill.plan;

import java.util.List;

/// Something that reads a versioned Data Source and is switched afterwards.
///
/// @param resource Pipe
/// @param kind `endpoint`, `copy`, `sink`, `stream` or `materialized` (a joined use)
/// @param reads the versioned Data Sources it reads
public record Reader(String resource, String kind, List<String> reads) {
  public Reader {
    reads = List.copyOf(reads);
  }
}
