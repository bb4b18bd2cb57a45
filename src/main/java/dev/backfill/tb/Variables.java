package dev.backfill.tb;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Puts environment variables into a datafile's values: `$NAME` and `${NAME}`; an unknown one stays
/// as it is written, `$$` is `$`.
final class Variables {
  private static final Pattern REFERENCE =
      Pattern.compile("\\$(?:(\\$)|([_A-Za-z][_A-Za-z0-9]*)|\\{([_A-Za-z][_A-Za-z0-9]*)\\})");

  private final Map<String, String> environment;

  Variables(Map<String, String> environment) {
    this.environment = environment;
  }

  String in(String text) {
    return REFERENCE
        .matcher(text)
        .replaceAll(found -> {
          if (found.group(1) != null) {
            return Matcher.quoteReplacement("$");
          }
          var name = found.group(2) != null ? found.group(2) : found.group(3);
          return Matcher.quoteReplacement(environment.getOrDefault(name, found.group()));
        });
  }
}
