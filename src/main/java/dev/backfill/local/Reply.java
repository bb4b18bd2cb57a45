package dev.backfill.local;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/// What goes back over the wire.
record Reply(int status, String contentType, byte[] body, Map<String, String> headers) {
  static Reply json(Object value) {
    return json(200, value);
  }

  static Reply json(int status, Object value) {
    return new Reply(status, "application/json; charset=utf-8", Json.bytes(value), Map.of());
  }

  /// A datafile: clients take it for text only when the type is exactly this.
  static Reply text(String text) {
    return new Reply(200, "text/plain", text.getBytes(StandardCharsets.UTF_8), Map.of());
  }

  static Reply empty(int status) {
    return new Reply(status, "", new byte[0], Map.of());
  }

  static Reply error(Refusal refusal) {
    return new Reply(
        refusal.status(),
        "application/json; charset=utf-8",
        Json.bytes(Map.of("error", refusal.text())),
        refusal.headers());
  }

  @Override
  public String toString() {
    return status + " " + new String(body, StandardCharsets.UTF_8);
  }
}
