package dev.backfill.local;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A place of the API.
///
/// @param method `GET`, ...
/// @param pattern `/v0/pipes/{pipe}/nodes`; a segment in braces takes any text, `{name}.pipe` any
///   that ends so
/// @param section of the API reference that describes it
/// @param marks how sure the reference is of it
/// @param handler empty when it is known but not served
record Route(
    String method, String pattern, String section, List<Mark> marks, Optional<Handler> handler) {
  Route {
    marks = List.copyOf(marks);
  }

  /// Answers a request.
  interface Handler {
    Reply answer(Call call);
  }

  /// A request that was let in.
  ///
  /// @param space that its token belongs to
  /// @param access what its token may do
  /// @param at what stood where the pattern has braces
  record Call(Space space, Access access, Request request, Map<String, String> at) {
    String at(String name) {
      return at.getOrDefault(name, "");
    }

    /// Query and form together.
    Map<String, String> parameters() {
      var merged = new HashMap<>(request.query());
      merged.putAll(request.form());
      return merged;
    }
  }

  String title() {
    return method + " " + pattern;
  }

  /// What stands in the pattern's braces, or empty when the path is another one.
  Optional<Map<String, String>> match(List<String> path) {
    var segments = segments();
    if (segments.size() != path.size()) {
      return Optional.empty();
    }
    var found = new HashMap<String, String>();
    for (var i = 0; i < path.size(); i++) {
      var segment = segments.get(i);
      var close = segment.indexOf('}');
      if (close < 0) {
        if (!segment.equals(path.get(i))) {
          return Optional.empty();
        }
      } else {
        var suffix = segment.substring(close + 1);
        if (!path.get(i).endsWith(suffix)) {
          return Optional.empty();
        }
        found.put(
            segment.substring(1, close),
            path.get(i).substring(0, path.get(i).length() - suffix.length()));
      }
    }
    return Optional.of(found);
  }

  private List<String> segments() {
    var segments = new ArrayList<String>();
    Arrays.stream(pattern.split("/")).filter(s -> !s.isEmpty()).forEach(segments::add);
    return segments;
  }
}
