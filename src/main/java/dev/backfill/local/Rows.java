package dev.backfill.local;

import dev.backfill.local.Definition.Col;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Records on their way into a table. Those of a small body are kept by column when all of them are
/// simple; others as JSON, judged piece by piece: while the engine reads one piece, the next is
/// judged.
final class Rows {
  private static final Pattern INTEGER = Pattern.compile("(U?)Int(8|16|32|64|128|256)");
  private static final int PIECE = 64_000;
  private static final int MOST_COLUMNAR = 16_000_000;
  private static final int SHARE = 100_000;
  private static final int MOST_SHARES = 8;

  private final Definition definition;
  private final byte[] body;
  private final Optional<Scan> scan;
  private final List<Columns> columns = new ArrayList<>();
  private int judged;
  private List<Lines> good = new ArrayList<>();
  private final List<Bad> bad = new ArrayList<>();

  /// @param body of records one per line
  private Rows(Definition definition, byte[] body) {
    this.definition = definition;
    this.body = body;
    this.scan = body.length == 0 ? Optional.empty() : Scan.of(definition);
  }

  /// A record that is put aside.
  ///
  /// @param values what could be read of it, by column
  record Bad(Map<String, String> values, String column, String error) {}

  /// Records one per line.
  static Rows ndjson(Definition definition, byte[] body) {
    return new Rows(definition, body);
  }

  /// The same by way of a tree for every record.
  static Rows byTree(Definition definition, byte[] body) {
    var rows = new Rows(definition, new byte[0]);
    rows.records(new String(body, StandardCharsets.UTF_8), rows.piece(body.length));
    return rows;
  }

  private Lines piece(int expected) {
    var lines = new Lines(expected);
    good.add(lines);
    return lines;
  }

  /// All rows by column, in blocks of the same columns, when every record is either simple enough
  /// for that or put aside; else empty. To be asked before anything else is.
  List<Columns> columns() {
    if (judged == 0 && scan.isPresent() && body.length <= MOST_COLUMNAR) {
      var shares = shares();
      if (shares.parallelStream().allMatch(Rows::fill) && alike(shares)) {
        for (var share : shares) {
          share.columns.stream().filter(block -> block.size() > 0).forEach(columns::add);
          bad.addAll(share.bad);
        }
        judged = body.length;
      }
    }
    return columns;
  }

  /// Whole lines of the body for several threads.
  private List<Rows> shares() {
    var shares = new ArrayList<Rows>();
    var size = Math.max(SHARE, body.length / MOST_SHARES + 1);
    for (var begin = 0; begin < body.length; ) {
      var end = Math.min(begin + size, body.length);
      while (end < body.length && body[end - 1] != '\n') {
        end++;
      }
      shares.add(new Rows(definition, Arrays.copyOfRange(body, begin, end)));
      begin = end;
    }
    return shares;
  }

  private boolean fill() {
    var into = Columns.of(definition);
    if (into.isEmpty()) {
      return false;
    }
    columns.add(into.get());
    var others = new Lines(0);
    for (var at = 0; at < body.length; ) {
      var next = scan.orElseThrow().row(body, at, into.get());
      at = next == Scan.NONE ? byTree(at, others) : next;
      if (others.size() > 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean alike(List<Rows> shares) {
    var names =
        shares.stream()
            .flatMap(share -> share.columns.stream())
            .filter(block -> block.size() > 0)
            .map(Columns::names)
            .distinct()
            .toList();
    return names.size() <= 1 && !names.contains(List.of());
  }

  /// Gives all rows, as JSON objects by column, to somebody who doesn't keep the memory; none when
  /// there are [#columns].
  void each(Consumer<ByteBuffer> use) {
    good.forEach(lines -> use.accept(lines.all()));
    while (judged < body.length) {
      use.accept(judgeMore().all());
    }
  }

  private Lines judgeMore() {
    var until = (int) Math.min((long) judged + PIECE, body.length);
    var lines = piece(until - judged + PIECE / 4);
    while (judged < until) {
      var next = scan.isPresent() ? scan.get().row(body, judged, lines) : Scan.NONE;
      judged = next == Scan.NONE ? byTree(judged, lines) : next;
    }
    return lines;
  }

  /// @return where the next line begins
  private int byTree(int begin, Lines into) {
    var end = begin;
    while (end < body.length && body[end] != '\n') {
      end++;
    }
    records(new String(body, begin, end - begin, StandardCharsets.UTF_8), into);
    return end + 1;
  }

  /// All rows at once.
  private Lines whole() {
    each(_ -> {});
    if (good.size() != 1) {
      var all = new Lines(good.stream().mapToInt(lines -> lines.all().remaining()).sum());
      good.forEach(all::addAll);
      good = new ArrayList<>(List.of(all));
    }
    return good.getFirst();
  }

  /// How many fit.
  int size() {
    each(_ -> {});
    return columns.stream().mapToInt(Columns::size).sum()
        + good.stream().mapToInt(Lines::size).sum();
  }

  /// Records that don't fit.
  List<Bad> bad() {
    each(_ -> {});
    return bad;
  }

  private void records(String text, Lines into) {
    text.lines().filter(line -> !line.isBlank()).forEach(line -> record(line, into));
  }

  /// Where a column's value stands in a record.
  static String path(Col column) {
    return column.jsonPath().isEmpty() ? "$." + column.name() : column.jsonPath();
  }

  private void record(String line, Lines into) {
    JsonNode record;
    try {
      record = Json.MAPPER.readTree(line);
    } catch (JacksonException e) {
      bad.add(new Bad(Map.of(), "", "invalid JSON: " + e.getOriginalMessage()));
      return;
    }
    var found = Json.MAPPER.createObjectNode();
    for (var column : definition.columns()) {
      if (column.insertable()) {
        var value = at(record, path(column));
        if (value != null && !value.isMissingNode() && !value.isNull()) {
          found.set(column.name(), value);
        }
      }
    }
    judge(found, into);
  }

  /// The first record may name the columns.
  static Rows csv(Definition definition, byte[] body, Csv.Dialect dialect) {
    var rows = new Rows(definition, new byte[0]);
    var lines = rows.piece(2 * body.length);
    var records = Csv.records(new String(body, StandardCharsets.UTF_8), dialect);
    var columns = definition.columns().stream().filter(Col::insertable).toList();
    var names = columns.stream().map(Col::name).toList();
    var first = records.isEmpty() ? List.<String>of() : records.getFirst();
    var header = !first.isEmpty() && names.containsAll(first);
    var order = header ? first : names;
    for (var record : header ? records.subList(1, records.size()) : records) {
      var found = Json.MAPPER.createObjectNode();
      for (var i = 0; i < Math.min(record.size(), order.size()); i++) {
        var column = definition.column(order.get(i)).orElseThrow();
        var text = record.get(i);
        if (text.isEmpty() && !bare(column.type()).equals("String")) {
          continue;
        }
        found.set(column.name(), csvValue(column, text));
      }
      rows.judge(found, lines);
    }
    return rows;
  }

  private static JsonNode csvValue(Col column, String text) {
    if (bare(column.type()).startsWith("Array(") || bare(column.type()).startsWith("Map(")) {
      try {
        return Json.MAPPER.readTree(text.replace('\'', '"'));
      } catch (JacksonException e) {
        return Json.MAPPER.getNodeFactory().stringNode(text);
      }
    }
    return Json.MAPPER.getNodeFactory().stringNode(text);
  }

  /// What the engine would not say: it wraps integers that are too large, and fills in zero for
  /// what is missing.
  private void judge(ObjectNode row, Lines into) {
    for (var column : definition.columns()) {
      if (!column.insertable()) {
        continue;
      }
      var value = row.get(column.name());
      if (value == null) {
        if (required(column)) {
          put(row, column.name(), "no value, and the column is neither Nullable nor has a default");
          return;
        }
      } else if (tooLarge(column.type(), value)) {
        put(row, column.name(), "value " + text(value) + " is out of range of " + column.type());
        return;
      }
    }
    into.add(row.toString().getBytes(StandardCharsets.UTF_8));
  }

  /// Whether a record without a value for it is no row.
  static boolean required(Col column) {
    return column.kind().isEmpty()
        && !column.nullable()
        && !column.type().startsWith("Array(")
        && !column.type().startsWith("Map(");
  }

  /// Puts aside the row that the engine could not read.
  ///
  /// @param index from 0, among the good ones
  void reject(int index, String error) {
    put((ObjectNode) Json.MAPPER.readTree(whole().remove(index)), "", error);
  }

  private void put(ObjectNode row, String column, String error) {
    var values = new java.util.LinkedHashMap<String, String>();
    row.properties().forEach(entry -> values.put(entry.getKey(), text(entry.getValue())));
    bad.add(new Bad(values, column, error));
  }

  private static String text(JsonNode value) {
    return value.isString() ? value.stringValue() : value.toString();
  }

  /// Integers of a type.
  ///
  /// @param least and
  /// @param most the borders, both of it
  record Range(BigDecimal least, BigDecimal most) {
    private static final Map<String, Optional<Range>> KNOWN = new ConcurrentHashMap<>();

    /// Empty when the type isn't one of integers.
    static Optional<Range> of(String type) {
      return KNOWN.computeIfAbsent(type, Range::read);
    }

    private static Optional<Range> read(String type) {
      var integer = INTEGER.matcher(bare(type));
      if (!integer.matches()) {
        return Optional.empty();
      }
      var unsigned = !integer.group(1).isEmpty();
      var bits = Integer.parseInt(integer.group(2)) - (unsigned ? 0 : 1);
      var beyond = BigInteger.ONE.shiftLeft(bits);
      return Optional.of(
          new Range(
              new BigDecimal(unsigned ? BigInteger.ZERO : beyond.negate()),
              new BigDecimal(beyond.subtract(BigInteger.ONE))));
    }
  }

  private static boolean tooLarge(String type, JsonNode value) {
    var range = Range.of(type);
    if (range.isEmpty() || value.isBoolean()) {
      return false;
    }
    return number(value)
        .filter(exact ->
            (exact.scale() > 0 && exact.stripTrailingZeros().scale() > 0)
                || exact.compareTo(range.get().most()) > 0
                || exact.compareTo(range.get().least()) < 0)
        .isPresent();
  }

  private static Optional<BigDecimal> number(JsonNode value) {
    try {
      return value.isNumber()
          ? Optional.of(value.decimalValue())
          : value.isString()
              ? Optional.of(new BigDecimal(value.stringValue().strip()))
              : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static String bare(String type) {
    var inner = type;
    for (var wrapper : List.of("LowCardinality(", "Nullable(")) {
      if (inner.startsWith(wrapper) && inner.endsWith(")")) {
        inner = inner.substring(wrapper.length(), inner.length() - 1);
      }
    }
    return inner;
  }

  /// `$.a.b`, `$.a[:]`, `$.a[:].b`, `$`.
  static @Nullable JsonNode at(@Nullable JsonNode record, String path) {
    if (path.equals("$")) {
      return record == null ? null : Json.MAPPER.getNodeFactory().stringNode(record.toString());
    }
    return step(record, path.startsWith("$") ? path.substring(1) : "." + path);
  }

  private static @Nullable JsonNode step(@Nullable JsonNode node, String rest) {
    if (node == null || rest.isEmpty() || node.isMissingNode()) {
      return node;
    }
    if (rest.startsWith("[:]")) {
      if (!node.isArray()) {
        return null;
      }
      ArrayNode all = Json.MAPPER.createArrayNode();
      for (var element : node) {
        var found = step(element, rest.substring(3));
        if (found != null && !found.isMissingNode()) {
          all.add(found);
        }
      }
      return all;
    }
    if (rest.startsWith(".['") || rest.startsWith("['")) {
      var open = rest.indexOf("['");
      var close = rest.indexOf("']", open);
      return close < 0
          ? null
          : step(node.get(rest.substring(open + 2, close)), rest.substring(close + 2));
    }
    if (!rest.startsWith(".")) {
      return null;
    }
    var end = 1;
    while (end < rest.length() && rest.charAt(end) != '.' && rest.charAt(end) != '[') {
      end++;
    }
    return step(node.get(rest.substring(1, end)), rest.substring(end));
  }
}
