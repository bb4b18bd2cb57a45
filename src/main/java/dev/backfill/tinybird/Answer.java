package dev.backfill.tinybird;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Rows of a query.
///
/// @param columns names in order
/// @param rows in order
/// @param elapsed seconds the server worked
/// @param rowsRead rows the server read
/// @param bytesRead bytes the server read
public record Answer(
    List<String> columns, List<Row> rows, double elapsed, long rowsRead, long bytesRead) {
  public Answer {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
  }

  /// The only row.
  public Row only() {
    if (rows.size() != 1) {
      throw new IllegalStateException("expected one row, got " + rows.size());
    }
    return rows.getFirst();
  }

  /// One row: JSON values as text, exact (numbers are never rounded), NULL as absent.
  public static final class Row {
    private final Map<String, @Nullable String> values;

    public Row(Map<String, @Nullable String> values) {
      this.values = new LinkedHashMap<>(values);
    }

    public Optional<String> find(String column) {
      if (!values.containsKey(column)) {
        throw new IllegalStateException("no column " + column + " in " + values.keySet());
      }
      return Optional.ofNullable(values.get(column));
    }

    public String text(String column) {
      return find(column).orElseThrow(() -> new IllegalStateException(column + " is NULL"));
    }

    public long number(String column) {
      return new BigInteger(text(column)).longValueExact();
    }

    /// For UInt64 sums, which don't fit a long.
    public BigInteger big(String column) {
      return new BigInteger(text(column));
    }

    @Override
    public String toString() {
      return values.toString();
    }
  }
}
