package dev.backfill.demo;

import dev.backfill.sql.Quote;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;

/// A project as somebody who means ill may write it: every place of it that may hold any text holds
/// what a shell, a template, the client or SQL would read as something else.
final class Hostile {
  /// What columns are called.
  static final List<String> NAMES =
      List.of(
          "$(touch pwned)",
          "'; touch pwned #",
          "\"; touch pwned; \"",
          "${HOME}",
          "${BACKFILL_T_ANOTHER_1}",
          "$$",
          "-rf",
          "*/ 1",
          "%}",
          "EOF",
          "SEALED",
          "PYTHON",
          "'''",
          "x' OR 1 = 1; DROP TABLE x",
          "\u00fcn\u00ef \u6f22\u5b57 \ud83e\udd84");

  private static final String TEXT =
      "$(touch pwned) `touch pwned` ${BACKFILL_T_ANOTHER_1} ''' \\\" */ %} SEALED";

  private Hostile() {}

  /// The same project with such columns in every Data Source that rows come into from outside, and
  /// such words wherever a file may have some.
  static SortedMap<String, String> files(Map<String, String> project) {
    var files = new TreeMap<>(project);
    files.replaceAll((path, text) -> {
      if (text.contains(TEXT)) {
        return text;
      }
      if (path.endsWith(".datasource")) {
        return described(text.contains("json:$") ? withColumns(text) : text);
      }
      return path.endsWith(".pipe") ? described(text) : text;
    });
    files.computeIfPresent(
        ".tinyenv",
        (_, text) ->
            text.contains(TEXT)
                ? text
                : text + "# " + TEXT + "\nCD_NOTE=$(touch pwned)\nOTHER='`touch pwned`'\r\n");
    return files;
  }

  private static String described(String text) {
    return "DESCRIPTION >\n    %s\n\nTAGS \"$(touch pwned), ${BACKFILL_T_ANOTHER_1}\"\n\n%s"
        .formatted(TEXT, text);
  }

  private static String withColumns(String text) {
    var columns = new ArrayList<String>();
    for (var name : NAMES) {
      columns.add(
          "    %s String `json:$.hostile%d` DEFAULT %s,\n"
              .formatted(Quote.identifier(name), columns.size(), Quote.literal(name)));
    }
    columns.add(
        "    `hostile_enum` Enum8('$(touch pwned)' = 1, '\\'; touch pwned' = 2) `json:$.e` DEFAULT '$(touch pwned)',\n");
    return text.replaceFirst(
        "SCHEMA >\n", Matcher.quoteReplacement("SCHEMA >\n" + String.join("", columns)));
  }
}
