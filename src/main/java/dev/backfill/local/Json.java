package dev.backfill.local;

import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;

/// JSON in and out. Numbers keep every digit.
final class Json {
  static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private Json() {}

  static byte[] bytes(Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  static String text(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /// @throws Refusal 400 when it isn't a JSON object
  static JsonNode object(byte[] body) {
    try {
      var node = MAPPER.readTree(body);
      if (!node.isObject()) {
        throw new Refusal(400, "the body must be a JSON object");
      }
      return node;
    } catch (JacksonException e) {
      throw new Refusal(400, "the body is not JSON: " + e.getOriginalMessage());
    }
  }

  static String string(JsonNode node, String field) {
    var value = node.path(field);
    return value.isString() ? value.stringValue() : value.isValueNode() ? plain(value) : "";
  }

  private static String plain(JsonNode value) {
    return value.isNull() ? "" : value.asString();
  }

  /// A map that may hold nulls, in order.
  static Map<String, Object> map() {
    return new java.util.LinkedHashMap<>();
  }
}
