package dev.backfill.change;

import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Which columns are taken as renamed: one went, and one of the same type came in its place.
///
/// @param old the column of base by its name in head
/// @param unclear names in head for which another column that went would do as well
public record Renames(Map<String, Column> old, Set<String> unclear) {
  public Renames {
    old = Map.copyOf(old);
    unclear = Set.copyOf(unclear);
  }

  /// The columns that the platform gives every Kafka Data Source, whether the file lists them or
  /// not; the client leaves them out when it compares.
  private static final Set<String> OF_KAFKA =
      Set.of("__value", "__headers", "__topic", "__partition", "__offset", "__timestamp", "__key");

  public static Renames of(DataSource before, DataSource after) {
    var dropped = spots(before, after);
    var went = new HashMap<Spot, Column>();
    dropped.forEach((column, spot) -> went.put(spot, column));
    var added = spots(after, before);
    var old = new TreeMap<String, Column>();
    var unclear = new TreeSet<String>();
    added.forEach((column, spot) -> {
      var was = went.get(spot);
      if (was != null && was.type().equals(column.type())) {
        old.put(column.name(), was);
        if (candidates(dropped, column, spot) != candidates(added, column, spot)) {
          unclear.add(column.name());
        }
      }
    });
    return new Renames(old, unclear);
  }

  /// Columns that only the first of the two has.
  static List<Column> gone(DataSource of, DataSource other) {
    var kafka = of.isKafka() && other.isKafka();
    return of.columns().stream()
        .filter(c -> other.column(c.name()).isEmpty())
        .filter(c -> !(kafka && OF_KAFKA.contains(c.name())))
        .toList();
  }

  /// How many of these stand between the same columns that both sides have, and have its type.
  private static long candidates(Map<Column, Spot> among, Column column, Spot spot) {
    return among.entrySet().stream()
        .filter(e -> e.getValue().common() == spot.common())
        .filter(e -> e.getKey().type().equals(column.type()))
        .count();
  }

  /// Where a column stands that only one side has.
  ///
  /// @param common how many columns that both sides have come before it
  /// @param own how many that only its side has between the last of those and it
  private record Spot(int common, int own) {}

  private static Map<Column, Spot> spots(DataSource of, DataSource other) {
    var mine = Set.copyOf(gone(of, other));
    var out = new LinkedHashMap<Column, Spot>();
    var common = 0;
    var own = 0;
    for (var column : of.columns()) {
      if (other.column(column.name()).isPresent()) {
        common++;
        own = 0;
      } else {
        if (mine.contains(column)) {
          out.put(column, new Spot(common, own));
        }
        own++;
      }
    }
    return out;
  }
}
