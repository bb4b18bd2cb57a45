package dev.backfill.tinybird.http;

import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Branch;
import dev.backfill.tinybird.Job;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LivePipe;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/// JSON of the API into our words. Anything that is not as documented throws [Odd].
final class Wire {
  static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  private static final DateTimeFormatter TIMESTAMP =
      new DateTimeFormatterBuilder()
          .appendPattern("yyyy-MM-dd[ ]['T']HH:mm:ss")
          .optionalStart()
          .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
          .optionalEnd()
          .toFormatter(java.util.Locale.ROOT);

  private Wire() {}

  /// An answer that isn't what was asked for.
  static final class Odd extends Exception {
    private static final long serialVersionUID = 1L;

    Odd(String message) {
      super(message);
    }
  }

  /// An answer of 2xx that says it is an error.
  static final class Said extends Exception {
    private static final long serialVersionUID = 1L;
    final String text;

    Said(String text) {
      super(text);
      this.text = text;
    }
  }

  /// The sentence for people in a refusal: `error`, else `errors`, else the body as it is.
  static String errorText(String body) {
    try {
      var tree = JSON.readTree(body);
      if (tree.isObject()) {
        var said = said(tree);
        return said.isEmpty() ? body : said;
      }
    } catch (JacksonException e) {
      // an HTML page of a proxy, most likely
    }
    return body;
  }

  /// @throws Said when it holds an `error` (an empty one, `false` and null mean none)
  static JsonNode object(String body) throws Odd, Said {
    JsonNode tree;
    try {
      tree = JSON.readTree(body);
    } catch (JacksonException e) {
      throw new Odd("not JSON: " + start(body));
    }
    if (!tree.isObject()) {
      throw new Odd("not a JSON object: " + start(body));
    }
    return tree;
  }

  static JsonNode success(String body) throws Odd, Said {
    var tree = object(body);
    if (isError(tree.path("error"))) {
      throw new Said(said(tree));
    }
    return tree;
  }

  static boolean isError(JsonNode error) {
    return error.isBoolean()
        ? error.asBoolean()
        : !(error.isMissingNode() || error.isNull() || text(error).isEmpty());
  }

  /// The text of `error`; where that is only `true`, of `errors`.
  static String said(JsonNode tree) {
    var error = tree.path("error");
    var parts = new ArrayList<String>();
    if (isError(error) && !error.isBoolean()) {
      parts.add(text(error));
    }
    var errors = tree.path("errors");
    for (var one : errors) {
      var text = one.isObject() && one.has("error") ? text(one.path("error")) : text(one);
      if (!parts.contains(text)) {
        parts.add(text);
      }
    }
    if (parts.isEmpty() && error.isBoolean() && error.asBoolean()) {
      parts.add("an error without a text");
    }
    return String.join(" ", parts);
  }

  static String text(JsonNode node) {
    return node.isString() ? node.asString() : node.toString();
  }

  static Optional<String> optional(JsonNode node, String... names) {
    for (var name : names) {
      var value = node.path(name);
      if (!value.isMissingNode() && !value.isNull() && !text(value).isEmpty()) {
        return Optional.of(text(value));
      }
    }
    return Optional.empty();
  }

  static String required(JsonNode node, String... names) throws Odd {
    return optional(node, names)
        .orElseThrow(() -> new Odd("no `" + names[0] + "` in " + start(node.toString())));
  }

  static Instant instant(JsonNode node, String name) throws Odd {
    var text = required(node, name);
    try {
      return text.matches(".*([Zz]|[+-]\\d\\d:?\\d\\d)$")
          ? OffsetDateTime.parse(text.replace(' ', 'T')).toInstant()
          : LocalDateTime.parse(text, TIMESTAMP).toInstant(ZoneOffset.UTC);
    } catch (DateTimeParseException e) {
      throw new Odd("`" + name + "` is no timestamp: " + text);
    }
  }

  static Branch branch(JsonNode node) throws Odd {
    return new Branch(
        required(node, "id"),
        required(node, "name"),
        optional(node, "token"),
        instant(node, "created_at"));
  }

  static Job job(JsonNode node) throws Odd {
    var status = optional(node, "status").orElse("");
    var state =
        switch (status) {
          case "waiting" -> Job.State.WAITING;
          case "done" -> Job.State.DONE;
          case "error" -> Job.State.ERROR;
          case "cancelling" -> Job.State.CANCELLING;
          case "cancelled" -> Job.State.CANCELLED;
          default -> Job.State.WORKING;
        };
    var said = said(node);
    var error =
        said.isEmpty()
            ? state == Job.State.ERROR
                ? Optional.of("an error without a text")
                : Optional.<String>empty()
            : Optional.of(said);
    return new Job(
        required(node, "id", "job_id"),
        optional(node, "kind").orElse(""),
        state,
        error,
        node.has("is_cancellable")
            ? node.path("is_cancellable").asBoolean(false)
            : state == Job.State.WAITING);
  }

  static LiveDataSource dataSource(JsonNode node) throws Odd {
    var columns = new ArrayList<LiveDataSource.LiveColumn>();
    var list =
        node.path("columns").isArray() ? node.path("columns") : node.path("schema").path("columns");
    for (var column : list) {
      columns.add(
          new LiveDataSource.LiveColumn(
              required(column, "name"),
              required(column, "type"),
              optional(column, "jsonpath").orElse("")));
    }
    var engine = node.path("engine");
    return new LiveDataSource(
        required(node, "id"),
        required(node, "name"),
        columns,
        optional(engine, "engine_sorting_key", "sorting_key").orElse(""),
        engine.isString() ? engine.asString() : optional(engine, "engine").orElse(""));
  }

  static LivePipe pipe(JsonNode node) throws Odd {
    var nodes = new ArrayList<LivePipe.LiveNode>();
    for (var each : node.path("nodes")) {
      nodes.add(
          new LivePipe.LiveNode(
              optional(each, "id").orElse(""),
              required(each, "name"),
              optional(each, "sql").orElse(""),
              optional(each, "node_type", "type").orElse(""),
              optional(each, "materialized")));
    }
    return new LivePipe(
        required(node, "id"),
        required(node, "name"),
        optional(node, "description").orElse(""),
        instant(node, "created_at"),
        instant(node, "updated_at"),
        nodes);
  }

  /// A result in `FORMAT JSON`, numbers as they were written.
  static Answer answer(String body) throws Odd, Said {
    var columns = new ArrayList<String>();
    var rows = new ArrayList<Answer.Row>();
    JsonNode statistics = MissingNode.getInstance();
    var seen = false;
    try (var parser = JSON.createParser(body)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new Odd("not a JSON object: " + start(body));
      }
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        var name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "meta" -> {
            for (var column : parser.<JsonNode>readValueAsTree()) {
              columns.add(required(column, "name"));
            }
          }
          case "data" -> {
            seen = true;
            rows(parser, rows);
          }
          case "statistics" -> statistics = parser.readValueAsTree();
          case "error" -> {
            if (isError(parser.readValueAsTree())) {
              throw new Said(said(object(body)));
            }
          }
          default -> parser.skipChildren();
        }
      }
      if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
        throw new Odd("the JSON does not end where it should");
      }
    } catch (JacksonException e) {
      throw new Odd("not JSON: " + start(body));
    }
    if (!seen) {
      throw new Odd("no `data` in " + start(body));
    }
    return new Answer(
        columns,
        rows,
        statistics.path("elapsed").asDouble(0),
        statistics.path("rows_read").asLong(0),
        statistics.path("bytes_read").asLong(0));
  }

  private static void rows(JsonParser parser, List<Answer.Row> rows) throws Odd {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw new Odd("`data` is not a list");
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new Odd("a row is not an object");
      }
      var values = new LinkedHashMap<String, @Nullable String>();
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        var name = parser.currentName();
        parser.nextToken();
        values.put(name, scalar(parser));
      }
      rows.add(new Answer.Row(values));
    }
  }

  private static @Nullable String scalar(JsonParser parser) {
    return switch (parser.currentToken()) {
      case VALUE_NULL -> null;
      case START_ARRAY, START_OBJECT -> {
        var text = new StringBuilder();
        copy(parser, text);
        yield text.toString();
      }
      default -> parser.getString();
    };
  }

  /// The value as JSON, numbers as they were written.
  private static void copy(JsonParser parser, StringBuilder out) {
    switch (parser.currentToken()) {
      case START_ARRAY -> {
        out.append('[');
        for (var first = true; parser.nextToken() != JsonToken.END_ARRAY; first = false) {
          out.append(first ? "" : ",");
          copy(parser, out);
        }
        out.append(']');
      }
      case START_OBJECT -> {
        out.append('{');
        for (var first = true; parser.nextToken() != JsonToken.END_OBJECT; first = false) {
          out.append(first ? "" : ",");
          out.append(JSON.writeValueAsString(parser.currentName())).append(':');
          parser.nextToken();
          copy(parser, out);
        }
        out.append('}');
      }
      case VALUE_STRING -> out.append(JSON.writeValueAsString(parser.getString()));
      default -> out.append(parser.getString());
    }
  }

  static Stream<JsonNode> list(JsonNode tree, String... names) throws Odd {
    for (var name : names) {
      if (tree.path(name).isArray()) {
        return tree.path(name).valueStream();
      }
    }
    throw new Odd("no `" + names[0] + "` in " + start(tree.toString()));
  }

  static Map<String, String> ordered(String... pairs) {
    var map = new LinkedHashMap<String, String>();
    for (var i = 0; i < pairs.length; i += 2) {
      map.put(pairs[i], pairs[i + 1]);
    }
    return map;
  }

  private static String start(String body) {
    return body.length() > 200 ? body.substring(0, 200) + "..." : body;
  }
}
