package dev.backfill.testing.github;

import java.util.Map;

/// What goes wrong with one request.
public sealed interface Fault {

  /// Another answer; the request is not executed.
  record Answer(int status, String body, Map<String, String> headers) implements Fault {}

  /// The connection breaks before the request is executed.
  record LostBefore() implements Fault {}

  /// The request is executed, and then the connection breaks.
  record LostAfter() implements Fault {}

  /// The request is executed, and then a gateway says 502.
  record BadGatewayAfter() implements Fault {}

  /// The request is executed, and no answer comes.
  record Silence() implements Fault {}

  static Fault status(int status) {
    return status(status, "fault " + status);
  }

  static Fault status(int status, String message) {
    return new Answer(status, Shapes.error(status, message).toString(), Map.of());
  }

  /// "Resource not accessible by integration", with the permission GitHub names.
  static Fault notPermitted(String permissions) {
    return new Answer(
        403,
        Shapes.error(403, "Resource not accessible by integration").toString(),
        Map.of("X-Accepted-GitHub-Permissions", permissions));
  }

  /// @param status GitHub uses 403 and 429
  static Fault secondaryLimit(int status) {
    return status(
        status,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.");
  }

  static Fault secondaryLimit(int status, int retryAfterSeconds) {
    return new Answer(
        status,
        Shapes.error(status, "You have exceeded a secondary rate limit.").toString(),
        Map.of("Retry-After", String.valueOf(retryAfterSeconds)));
  }
}
