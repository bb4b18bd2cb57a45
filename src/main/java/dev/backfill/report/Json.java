package dev.backfill.report;

import java.text.Normalizer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Writes maps, lists, strings, whole numbers and booleans as JSON.
///
/// Own code instead of a library's: the bytes are hashed, so they must not change with an upgrade.
final class Json {
  private final boolean canonical;
  private final StringBuilder out = new StringBuilder();

  private Json(boolean canonical) {
    this.canonical = canonical;
  }

  /// Sorted keys, no blanks, and text that is in Unicode's form NFC whatever the strings hold: one
  /// that isn't is written with escapes, so that reading gives back exactly what was written.
  static String canonical(Map<String, ?> document) {
    var json = new Json(true);
    json.value(document, 0);
    return json.out.toString();
  }

  /// Keys in the order given, indented, for people and programs; ends with a newline.
  static String pretty(Map<String, ?> document) {
    var json = new Json(false);
    json.value(document, 0);
    return json.out.append('\n').toString();
  }

  private void value(Object value, int depth) {
    switch (value) {
      case Map<?, ?> map -> object(map, depth);
      case List<?> list -> array(list, depth);
      case String text -> string(text);
      case Integer number -> out.append(number.intValue());
      case Long number -> out.append(number.longValue());
      case Boolean bool -> out.append(bool.booleanValue());
      default -> throw new IllegalArgumentException("not JSON: " + value.getClass());
    }
  }

  private void object(Map<?, ?> map, int depth) {
    out.append('{');
    var first = true;
    for (var entry : (canonical ? new TreeMap<>(map) : map).entrySet()) {
      next(first, depth + 1);
      first = false;
      string((String) entry.getKey());
      out.append(canonical ? ":" : ": ");
      value(entry.getValue(), depth + 1);
    }
    end(first, depth, '}');
  }

  private void array(List<?> list, int depth) {
    out.append('[');
    var first = true;
    for (var item : list) {
      next(first, depth + 1);
      first = false;
      value(item, depth + 1);
    }
    end(first, depth, ']');
  }

  private void next(boolean first, int depth) {
    if (!first) {
      out.append(',');
    }
    if (!canonical) {
      out.append('\n').append("  ".repeat(depth));
    }
  }

  private void end(boolean empty, int depth, char close) {
    if (!canonical && !empty) {
      out.append('\n').append("  ".repeat(depth));
    }
    out.append(close);
  }

  private void string(String text) {
    var ascii = canonical && !Normalizer.isNormalized(text, Normalizer.Form.NFC);
    out.append('"');
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          var lone =
              Character.isSurrogate(c)
                  && !(Character.isHighSurrogate(c)
                      && i + 1 < text.length()
                      && Character.isLowSurrogate(text.charAt(i + 1)))
                  && !(Character.isLowSurrogate(c)
                      && i > 0
                      && Character.isHighSurrogate(text.charAt(i - 1)));
          if (c < 0x20 || c == 0x7f || lone || (ascii && c > 0x7e)) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
