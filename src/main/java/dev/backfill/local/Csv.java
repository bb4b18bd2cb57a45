package dev.backfill.local;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Comma separated values: quotes doubled or escaped, line ends inside quotes kept.
final class Csv {
  private Csv() {}

  /// How a file is written.
  ///
  /// @param escape takes the meaning from the character behind it
  record Dialect(char delimiter, Optional<Character> escape) {
    static final Dialect USUAL = new Dialect(',', Optional.empty());
  }

  static List<List<String>> records(String text, Dialect dialect) {
    var records = new ArrayList<List<String>>();
    var record = new ArrayList<String>();
    var field = new StringBuilder();
    var quoted = false;
    var written = false;
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      if (dialect.escape().filter(escape -> escape == c).isPresent() && i + 1 < text.length()) {
        i++;
        field.append(text.charAt(i));
      } else if (quoted) {
        if (c == '"' && i + 1 < text.length() && text.charAt(i + 1) == '"') {
          field.append(c);
          i++;
        } else if (c == '"') {
          quoted = false;
        } else {
          field.append(c);
        }
      } else if (c == '"' && field.isEmpty()) {
        quoted = true;
        written = true;
      } else if (c == dialect.delimiter()) {
        record.add(field.toString());
        field.setLength(0);
      } else if (c == '\n') {
        end(records, record, field, written);
        record = new ArrayList<>();
        written = false;
      } else if (c != '\r') {
        field.append(c);
      }
    }
    end(records, record, field, written);
    return records;
  }

  /// @param written whether a field was, be it an empty one in quotes
  private static void end(
      List<List<String>> records, List<String> record, StringBuilder field, boolean written) {
    if (written || !record.isEmpty() || !field.isEmpty()) {
      record.add(field.toString());
      field.setLength(0);
      records.add(record);
    }
  }
}
