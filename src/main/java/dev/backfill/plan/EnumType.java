package dev.backfill.plan;

import dev.backfill.project.ColumnType;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// What the values of an Enum are called and numbered.
final class EnumType {
  private static final Pattern VALUE =
      Pattern.compile("('(?:[^'\\\\]|\\\\.|'')*')(?:\\s*=\\s*(-?[0-9]+))?");

  private EnumType() {}

  /// Whether every value of one is in the other, with its number: then a cast is certain. With
  /// another number the server refuses the cast as a whole.
  static boolean holds(ColumnType from, ColumnType to) {
    var a = values(from);
    var b = values(to);
    return a.isPresent() && b.isPresent() && b.get().entrySet().containsAll(a.get().entrySet());
  }

  /// Quoted name to number; empty for what isn't an Enum.
  private static Optional<Map<String, Integer>> values(ColumnType type) {
    if (!type.name().equals("Enum8") && !type.name().equals("Enum16")) {
      return Optional.empty();
    }
    var out = new TreeMap<String, Integer>();
    var next = 1;
    for (var argument : type.arguments()) {
      var matcher = VALUE.matcher(argument.text());
      if (!matcher.matches()) {
        return Optional.empty();
      }
      var number = matcher.group(2) == null ? next : Integer.parseInt(matcher.group(2));
      out.put(matcher.group(1), number);
      next = number + 1;
    }
    return out.isEmpty() ? Optional.empty() : Optional.of(out);
  }
}
