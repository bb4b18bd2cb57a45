package dev.backfill.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/// What a problem's code means, for people who met it. The texts are those of `explain/codes.md`.
///
/// @param code as problems carry it
/// @param means what is the case
/// @param matters why that is a problem
/// @param example how it looks, as markdown
/// @param advice what to do
public record Explanation(
    String code, String means, String matters, String example, String advice) {
  private static final SequencedMap<String, Explanation> ALL = read();

  /// Every explanation by its code, in the order of the alphabet.
  public static SequencedMap<String, Explanation> all() {
    return ALL;
  }

  public static Optional<Explanation> of(String code) {
    return Optional.ofNullable(ALL.get(code));
  }

  /// For a terminal.
  public String text(Style style) {
    return style.bold(code)
        + "\n\n"
        + means
        + "\n"
        + matters
        + "\n\nExample:    "
        + example
        + "\nWhat to do: "
        + advice
        + "\n";
  }

  public String markdown() {
    return "## `"
        + code
        + "`\n\n"
        + means
        + " "
        + matters
        + "\n\n- Example: "
        + example
        + "\n- What to do: "
        + advice
        + "\n";
  }

  public String json() {
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", CoreJson.SCHEMA_VERSION);
    out.put("code", code);
    out.put("means", means);
    out.put("matters", matters);
    out.put("example", example);
    out.put("advice", advice);
    return Json.pretty(out);
  }

  private static SequencedMap<String, Explanation> read() {
    var out = new LinkedHashMap<String, Explanation>();
    for (var entry : resource().split("(?m)^## ")) {
      var lines = entry.strip().lines().toList();
      if (lines.isEmpty() || lines.getFirst().startsWith("# ")) {
        continue;
      }
      var code = lines.getFirst();
      var explanation =
          new Explanation(
              code,
              field(entry, "Means"),
              field(entry, "Matters"),
              field(entry, "Example"),
              field(entry, "Do"));
      if (out.put(code, explanation) != null) {
        throw new IllegalStateException(code + " is explained twice");
      }
    }
    return Collections.unmodifiableSequencedMap(out);
  }

  private static String field(String entry, String name) {
    return entry
        .lines()
        .filter(l -> l.startsWith("- " + name + ": "))
        .findFirst()
        .map(l -> l.substring(name.length() + 4))
        .orElseThrow(() -> new IllegalStateException(name + " is missing of " + entry));
  }

  private static String resource() {
    try (var in = Explanation.class.getResourceAsStream("/explain/codes.md")) {
      if (in == null) {
        throw new IllegalStateException("the explanations aren't in the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
