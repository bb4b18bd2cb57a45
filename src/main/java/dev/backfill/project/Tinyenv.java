package dev.backfill.project;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// Reads `.tinyenv` as the CI templates do, without ever sourcing it.
public final class Tinyenv {
  private static final Pattern LINE = Pattern.compile("^([A-Za-z_][A-Za-z0-9_]*)=(.*)$");

  private Tinyenv() {}

  public static Map<String, String> parse(String text) {
    var values = new LinkedHashMap<String, String>();
    for (var line : text.split("\\R")) {
      var matcher = LINE.matcher(line);
      if (matcher.matches()) {
        var value = matcher.group(2).strip();
        if (value.length() >= 2
            && "\"'".indexOf(value.charAt(0)) >= 0
            && value.endsWith(value.substring(0, 1))) {
          value = value.substring(1, value.length() - 1);
        }
        values.put(matcher.group(1), value);
      }
    }
    return values;
  }
}
