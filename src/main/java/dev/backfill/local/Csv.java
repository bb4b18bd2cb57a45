package dev.backfill.local;

import java.util.ArrayList;
import java.util.List;

/// Comma separated values: quotes doubled or escaped, line ends inside quotes kept.
final class Csv {
  private Csv() {}

  static List<List<String>> records(String text, char delimiter) {
    var records = new ArrayList<List<String>>();
    var record = new ArrayList<String>();
    var field = new StringBuilder();
    var quoted = false;
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      if (quoted) {
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
      } else if (c == delimiter) {
        record.add(field.toString());
        field.setLength(0);
      } else if (c == '\n') {
        end(records, record, field);
        record = new ArrayList<>();
      } else if (c != '\r') {
        field.append(c);
      }
    }
    end(records, record, field);
    return records;
  }

  private static void end(List<List<String>> records, List<String> record, StringBuilder field) {
    if (!record.isEmpty() || !field.isEmpty()) {
      record.add(field.toString());
      field.setLength(0);
      records.add(record);
    }
  }
}
