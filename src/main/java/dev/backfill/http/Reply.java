package dev.backfill.http;

import java.util.Map;
import java.util.Optional;

/// A successful answer (2xx).
///
/// @param status HTTP status
/// @param headers first value of each, names in lower case
/// @param text the body as UTF-8
public record Reply(int status, Map<String, String> headers, String text) {
  public Reply {
    headers = Map.copyOf(headers);
  }

  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  /// Bodies may hold tokens: never the text.
  @Override
  public String toString() {
    return "Reply[" + status + ", " + text.length() + " characters]";
  }
}
