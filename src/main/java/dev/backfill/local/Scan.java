package dev.backfill.local;

import dev.backfill.local.Definition.Col;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Writes the rows of ordinary records straight from their bytes.
///
/// A record is ordinary when it is certain to be a row, and its values are written as we would
/// write them: then the line is, byte for byte, the one that [Rows] makes by way of a tree.
/// Whatever isn't certain is left to that. Not for several threads.
final class Scan {
  /// No place.
  static final int NONE = -1;

  private static final Pattern PATH =
      Pattern.compile("\\$((?:\\.[^.\\[\\]'\"\\\\\\s\\p{Cntrl}]+)+)(\\[:])?");
  private static final int DEEPEST = 32;
  private static final int LONGEST_RECORD = 1_000_000;
  private static final int LONGEST_NAME = 1_000;
  private static final int LONGEST_NUMBER = 300;
  private static final int MOST_DIGITS = 18;
  private static final int MOST_ZEROS = 5;
  private static final byte[] TRUE = bytes("true");
  private static final byte[] FALSE = bytes("false");
  private static final byte[] NULL = bytes("null");

  private static final byte UNESCAPED = 0;
  private static final byte QUOTE = 1;
  private static final byte ESCAPE = 2;
  private static final byte CONTROL = 3;
  private static final byte BEYOND = 4;
  private static final byte[] KINDS = new byte[256];

  static {
    Arrays.fill(KINDS, 0, ' ', CONTROL);
    Arrays.fill(KINDS, 128, 256, BEYOND);
    KINDS['"'] = QUOTE;
    KINDS['\\'] = ESCAPE;
  }

  private final Field root;
  private final Field nowhere = new Field("");
  private final Target[] targets;
  private byte[] text = new byte[0];
  private int end;
  private int record;
  private boolean ascii;
  private boolean escapes;

  /// A name in a record, on the way to a column.
  private static final class Field {
    private final byte[] name;
    private final byte[] opening;
    private Field[] inner = {};
    private @Nullable Target target;
    private int expected;
    private int seen;

    private Field(String name) {
      this.name = bytes(name);
      this.opening = bytes("\"" + name + "\":");
    }

    private Field inner(String wanted) {
      var bytes = bytes(wanted);
      for (var one : inner) {
        if (Arrays.equals(one.name, bytes)) {
          return one;
        }
      }
      var made = new Field(wanted);
      inner = Arrays.copyOf(inner, inner.length + 1);
      inner[inner.length - 1] = made;
      return made;
    }

    /// The next one in the order of the columns, when it comes now.
    private @Nullable Field expected(byte[] text, int at, int end) {
      if (expected == inner.length) {
        return null;
      }
      var one = inner[expected];
      var until = at + one.opening.length;
      if (until > end || !Arrays.equals(text, at, until, one.opening, 0, one.opening.length)) {
        return null;
      }
      expected++;
      return one;
    }

    /// The one of a name.
    private @Nullable Field find(byte[] text, int begin, int until) {
      var count = inner.length;
      for (var i = 0; i < count; i++) {
        var index = expected + i < count ? expected + i : expected + i - count;
        var one = inner[index];
        if (one.name.length == until - begin
            && Arrays.equals(one.name, 0, one.name.length, text, begin, until)) {
          expected = index + 1;
          return one;
        }
      }
      return null;
    }

    private boolean twofold() {
      return (target != null && inner.length > 0) || Arrays.stream(inner).anyMatch(Field::twofold);
    }
  }

  /// A column, and where its value stands in the record.
  private static final class Target {
    private final byte[] name;
    private final boolean required;
    private final boolean elements;
    private final boolean integer;
    private final long least;
    private final long most;
    private int begin;
    private int until;
    private boolean spaced;

    private Target(Col column, boolean elements) {
      this.name = bytes(Json.text(column.name()) + ":");
      this.required = Rows.required(column);
      this.elements = elements;
      var range = Rows.Range.of(column.type());
      this.integer = range.isPresent();
      this.least = range.map(r -> clamped(r.least())).orElse(Long.MIN_VALUE);
      this.most = range.map(r -> clamped(r.most())).orElse(Long.MAX_VALUE);
    }

    private static long clamped(BigDecimal border) {
      return border
          .max(BigDecimal.valueOf(Long.MIN_VALUE))
          .min(BigDecimal.valueOf(Long.MAX_VALUE))
          .longValueExact();
    }
  }

  private Scan(Field root, List<Target> targets) {
    this.root = root;
    this.targets = targets.toArray(Target[]::new);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// Empty when no record of the Data Source is an ordinary one.
  static Optional<Scan> of(Definition definition) {
    var root = new Field("");
    var targets = new ArrayList<Target>();
    for (var column : definition.columns()) {
      if (column.insertable()) {
        var path = PATH.matcher(Rows.path(column));
        if (!path.matches()) {
          return Optional.empty();
        }
        var field = root;
        for (var name : path.group(1).substring(1).split("\\.")) {
          field = field.inner(name);
        }
        if (field.target != null) {
          return Optional.empty();
        }
        var target = new Target(column, path.group(2) != null);
        field.target = target;
        targets.add(target);
      }
    }
    return root.twofold() ? Optional.empty() : Optional.of(new Scan(root, targets));
  }

  /// Adds the row of the record that begins at a place of a text and takes the rest of its line.
  ///
  /// @return where the next line begins; [#NONE] when the record isn't an ordinary one, and nothing
  ///   is added then
  int row(byte[] body, int begin, Lines rows) {
    var next = judged(body, begin);
    if (next != NONE) {
      write(rows);
    }
    return next;
  }

  /// The same; [#NONE] also when the row doesn't go by column.
  int row(byte[] body, int begin, Columns rows) {
    var next = judged(body, begin);
    if (next == NONE) {
      return NONE;
    }
    for (var i = 0; i < targets.length; i++) {
      var target = targets[i];
      if (!(target.begin == NONE
          ? rows.missing(i)
          : rows.put(i, body, target.begin, target.until, escapes))) {
        return NONE;
      }
    }
    rows.end();
    return next;
  }

  private int judged(byte[] body, int begin) {
    text = body;
    end = Math.min(body.length, begin + LONGEST_RECORD);
    ascii = true;
    escapes = false;
    record++;
    for (var target : targets) {
      target.begin = NONE;
    }
    var at = object(root, spaces(begin), 0);
    if (at == NONE) {
      return NONE;
    }
    at = spaces(at);
    if (next('\r', at) && next('\n', at + 1)) {
      at++;
    }
    if (!(at == body.length || next('\n', at)) || !(ascii || decodes(begin, at))) {
      return NONE;
    }
    for (var target : targets) {
      if (target.required && target.begin == NONE) {
        return NONE;
      }
    }
    return at + 1;
  }

  private boolean decodes(int begin, int until) {
    return new String(text, begin, until - begin, StandardCharsets.UTF_8).indexOf('\uFFFD') < 0;
  }

  private void write(Lines rows) {
    var separator = (byte) '{';
    for (var target : targets) {
      if (target.begin >= 0) {
        rows.put(separator);
        separator = ',';
        rows.put(target.name);
        if (target.spaced) {
          tight(target, rows);
        } else {
          rows.put(text, target.begin, target.until);
        }
      }
    }
    if (separator == '{') {
      rows.put(separator);
    }
    rows.put((byte) '}');
    rows.end();
  }

  /// Without the spaces between values.
  private void tight(Target target, Lines rows) {
    var quoted = false;
    for (var i = target.begin; i < target.until; i++) {
      var c = text[i];
      quoted ^= c == '"';
      if (quoted || (c != ' ' && c != '\t')) {
        rows.put(c);
      }
      if (c == '\\') {
        i++;
        rows.put(text[i]);
      }
    }
  }

  // Each of these reads from a place, and says where it ends, or NONE when it isn't certain.

  private int object(Field field, int from, int depth) {
    if (depth > DEEPEST || !next('{', from)) {
      return NONE;
    }
    var at = spaces(from + 1);
    if (next('}', at)) {
      return at + 1;
    }
    field.expected = 0;
    while (true) {
      var inner = field.expected(text, at, end);
      if (inner == null) {
        var begin = at + 1;
        at = string(at);
        if (at == NONE || at - begin > LONGEST_NAME) {
          return NONE;
        }
        inner = field.find(text, begin, at - 1);
        at = spaces(at);
        if (!next(':', at)) {
          return NONE;
        }
        at++;
      } else {
        at += inner.opening.length;
      }
      at = spaces(at);
      at = inner == null ? skip(at, depth + 1) : value(inner, at, depth + 1);
      if (at == NONE) {
        return NONE;
      }
      at = spaces(at);
      if (next('}', at)) {
        return at + 1;
      }
      if (!next(',', at)) {
        return NONE;
      }
      at = spaces(at + 1);
    }
  }

  private int value(Field field, int from, int depth) {
    if (field.seen == record) {
      return NONE;
    }
    field.seen = record;
    var target = field.target;
    if (target == null) {
      return next('{', from) ? object(field, from, depth) : skip(from, depth);
    }
    if (target.elements && !next('[', from)) {
      return skip(from, depth);
    }
    if (next('n', from)) {
      return literal(NULL, from);
    }
    target.begin = from;
    target.spaced = false;
    if (next('[', from)) {
      target.until = target.integer ? NONE : array(target, from, depth);
    } else {
      target.until = target.integer ? integer(target, from) : plain(from);
    }
    return target.until;
  }

  /// Anything but a list or an object.
  private int plain(int from) {
    return switch (from < end ? text[from] : 0) {
      case '"' -> string(from);
      case 't' -> literal(TRUE, from);
      case 'f' -> literal(FALSE, from);
      case 'n' -> literal(NULL, from);
      default -> number(from);
    };
  }

  private int skip(int from, int depth) {
    if (next('{', from)) {
      return object(nowhere, from, depth);
    }
    return next('[', from) ? array(null, from, depth) : plain(from);
  }

  /// @param target that it is the value of, when it is one's: then it must hold no object
  private int array(@Nullable Target target, int from, int depth) {
    if (depth > DEEPEST) {
      return NONE;
    }
    var spaces = 0;
    var at = spaces(from + 1);
    spaces += at - from - 1;
    if (!next(']', at)) {
      while (true) {
        if (target == null) {
          at = skip(at, depth + 1);
        } else {
          at = next('[', at) ? array(target, at, depth + 1) : plain(at);
        }
        if (at == NONE) {
          return NONE;
        }
        var after = spaces(at);
        spaces += after - at;
        at = after;
        if (next(']', at)) {
          break;
        }
        if (!next(',', at)) {
          return NONE;
        }
        after = spaces(at + 1);
        spaces += after - at - 1;
        at = after;
      }
    }
    if (target != null) {
      target.spaced |= spaces > 0;
    }
    return at + 1;
  }

  /// With the escapes that are needed and no others.
  private int string(int from) {
    if (!next('"', from)) {
      return NONE;
    }
    var all = text;
    var last = end;
    for (var i = from + 1; i < last; i++) {
      var kind = KINDS[all[i] & 0xFF];
      if (kind == UNESCAPED) {
        continue;
      }
      if (kind == QUOTE) {
        return i + 1;
      }
      if (kind == BEYOND) {
        ascii = false;
      } else if (kind == CONTROL || i + 1 == last || "\"\\nrtbf".indexOf(all[++i]) < 0) {
        return NONE;
      } else {
        escapes = true;
      }
    }
    return NONE;
  }

  /// A number without an exponent that keeps its digits, whatever it is read into.
  private int number(int from) {
    var negative = next('-', from);
    var whole = negative ? from + 1 : from;
    var at = digits(whole);
    if (at == whole || (at > whole + 1 && text[whole] == '0')) {
      return NONE;
    }
    var zero = text[whole] == '0';
    if (next('.', at)) {
      var fraction = at + 1;
      at = digits(fraction);
      if (at == fraction || (zero && !ordinaryFraction(fraction, at, negative))) {
        return NONE;
      }
    } else if (zero && negative) {
      return NONE;
    }
    return at - from > LONGEST_NUMBER || next('e', at) || next('E', at) ? NONE : at;
  }

  /// Very small numbers are written with an exponent, and zero without a sign.
  private boolean ordinaryFraction(int begin, int until, boolean negative) {
    var zeros = 0;
    while (begin + zeros < until && text[begin + zeros] == '0') {
      zeros++;
    }
    return zeros <= MOST_ZEROS && !(negative && begin + zeros == until);
  }

  private int digits(int from) {
    var at = from;
    while (at < end && text[at] >= '0' && text[at] <= '9') {
      at++;
    }
    return at;
  }

  /// A whole number that fits, or a truth value.
  private int integer(Target target, int from) {
    if (next('t', from) || next('f', from)) {
      return plain(from);
    }
    var all = text;
    var negative = next('-', from);
    var begin = negative ? from + 1 : from;
    var most = Math.min(end, begin + MOST_DIGITS + 1);
    var at = begin;
    var value = 0L;
    for (; at < most && all[at] >= '0' && all[at] <= '9'; at++) {
      value = 10 * value + (all[at] - '0');
    }
    if (at == begin
        || at - begin > MOST_DIGITS
        || (all[begin] == '0' && (negative || at > begin + 1))
        || next('.', at)
        || next('e', at)
        || next('E', at)) {
      return NONE;
    }
    value = negative ? -value : value;
    return value >= target.least && value <= target.most ? at : NONE;
  }

  private int literal(byte[] word, int from) {
    var until = from + word.length;
    return until <= end && Arrays.equals(text, from, until, word, 0, word.length) ? until : NONE;
  }

  private int spaces(int from) {
    return from < end && text[from] <= ' ' ? someSpaces(from) : from;
  }

  private int someSpaces(int from) {
    var at = from;
    while (at < end && (text[at] == ' ' || text[at] == '\t')) {
      at++;
    }
    return at;
  }

  private boolean next(char wanted, int at) {
    return at < end && text[at] == wanted;
  }
}
