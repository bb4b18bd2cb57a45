package dev.backfill.http;

import java.net.URI;
import java.util.Arrays;
import java.util.Optional;

/// One request.
///
/// @param method `GET`, `POST`, ...
/// @param uri where to; without the token
/// @param effect what a second execution would do
/// @param token sent as `Authorization: Bearer`, when there is one
/// @param body what is sent, when something is
public record Request(
    String method, URI uri, Effect effect, Optional<String> token, Optional<Body> body) {

  /// What a second execution of a request would do, which decides whether it is tried again.
  public enum Effect {
    /// Nothing: it only asks, or does the same thing once more.
    REPEATABLE,
    /// Something new: tried again only when it was surely not executed.
    ONCE
  }

  /// Bytes to send.
  ///
  /// @param type content type
  public record Body(String type, byte[] bytes) {
    public Body {
      bytes = bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Body(var t, var b) && t.equals(type) && Arrays.equals(b, bytes);
    }

    @Override
    public int hashCode() {
      return 31 * type.hashCode() + Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
      return "Body[" + type + ", " + bytes.length + " bytes]";
    }
  }

  /// `POST /v0/pipes/x/copy`: what messages call it. The query is left out, it may be long.
  String name() {
    return method + " " + uri.getRawPath();
  }

  @Override
  public String toString() {
    return name();
  }
}
