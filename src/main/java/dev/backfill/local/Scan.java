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

  private final Field root = new Field("");
  private final List<Target> targets = new ArrayList<>();
  private byte[] text = new byte[0];
  private int at;
  private int end;
  private int record;
  private boolean ascii;

  /// A name in a record, on the way to a column.
  private static final class Field {
    private final byte[] name;
    private final List<Field> inner = new ArrayList<>();
    private @Nullable Target target;
    private int expected;
    private int seen;

    private Field(String name) {
      this.name = bytes(name);
    }

    private Field inner(String wanted) {
      var bytes = bytes(wanted);
      return inner.stream()
          .filter(one -> Arrays.equals(one.name, bytes))
          .findFirst()
          .orElseGet(() -> {
            var made = new Field(wanted);
            inner.add(made);
            return made;
          });
    }

    /// The one of a name; those that come in the columns' order are found at once.
    private @Nullable Field find(byte[] text, int begin, int until) {
      for (var i = 0; i < inner.size(); i++) {
        var index = expected + i < inner.size() ? expected + i : expected + i - inner.size();
        var one = inner.get(index);
        if (Arrays.equals(one.name, 0, one.name.length, text, begin, until)) {
          expected = index + 1;
          return one;
        }
      }
      return null;
    }

    private boolean twofold() {
      return (target != null && !inner.isEmpty()) || inner.stream().anyMatch(Field::twofold);
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

  private Scan() {}

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// Empty when no record of the Data Source is an ordinary one.
  static Optional<Scan> of(Definition definition) {
    var scan = new Scan();
    for (var column : definition.columns()) {
      if (column.insertable()) {
        var path = PATH.matcher(Rows.path(column));
        if (!path.matches()) {
          return Optional.empty();
        }
        var field = scan.root;
        for (var name : path.group(1).substring(1).split("\\.")) {
          field = field.inner(name);
        }
        if (field.target != null) {
          return Optional.empty();
        }
        var target = new Target(column, path.group(2) != null);
        field.target = target;
        scan.targets.add(target);
      }
    }
    return scan.root.twofold() ? Optional.empty() : Optional.of(scan);
  }

  /// Adds the row of the record between two places of a text.
  ///
  /// @return false when the record isn't an ordinary one; nothing is added then
  boolean row(byte[] body, int begin, int until, Lines rows) {
    if (until - begin > LONGEST_RECORD) {
      return false;
    }
    text = body;
    at = begin;
    end = until;
    ascii = true;
    record++;
    for (var target : targets) {
      target.begin = -1;
    }
    spaces();
    if (!object(root, 0)) {
      return false;
    }
    spaces();
    if (at != end || !(ascii || decodes(begin))) {
      return false;
    }
    for (var target : targets) {
      if (target.required && target.begin < 0) {
        return false;
      }
    }
    write(rows);
    return true;
  }

  private boolean decodes(int begin) {
    return new String(text, begin, end - begin, StandardCharsets.UTF_8).indexOf('\uFFFD') < 0;
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

  private boolean object(Field field, int depth) {
    if (depth > DEEPEST || !take('{')) {
      return false;
    }
    spaces();
    if (take('}')) {
      return true;
    }
    field.expected = 0;
    do {
      spaces();
      var begin = at + 1;
      if (!string()) {
        return false;
      }
      var until = at - 1;
      spaces();
      if (until - begin > LONGEST_NAME || !take(':')) {
        return false;
      }
      spaces();
      var inner = field.find(text, begin, until);
      if (!(inner == null ? skip(depth + 1) : value(inner, depth + 1))) {
        return false;
      }
      spaces();
    } while (take(','));
    return take('}');
  }

  private boolean value(Field field, int depth) {
    if (field.seen == record) {
      return false;
    }
    field.seen = record;
    var target = field.target;
    if (target == null) {
      return next('{') ? object(field, depth) : skip(depth);
    }
    if (target.elements && !next('[')) {
      return skip(depth);
    }
    if (next('n')) {
      return literal(NULL);
    }
    target.begin = at;
    target.spaced = false;
    if (next('[')) {
      if (target.integer || !array(target, depth)) {
        return false;
      }
    } else if (target.integer ? !integer(target) : !plain()) {
      return false;
    }
    target.until = at;
    return true;
  }

  /// Anything but a list or an object.
  private boolean plain() {
    return switch (at < end ? text[at] : 0) {
      case '"' -> string();
      case 't' -> literal(TRUE);
      case 'f' -> literal(FALSE);
      case 'n' -> literal(NULL);
      default -> number();
    };
  }

  private boolean skip(int depth) {
    if (next('{')) {
      return skipObject(depth);
    }
    return next('[') ? array(null, depth) : plain();
  }

  private boolean skipObject(int depth) {
    if (depth > DEEPEST || !take('{')) {
      return false;
    }
    spaces();
    if (take('}')) {
      return true;
    }
    do {
      spaces();
      var begin = at;
      if (!string() || at - begin > LONGEST_NAME) {
        return false;
      }
      spaces();
      if (!take(':')) {
        return false;
      }
      spaces();
      if (!skip(depth + 1)) {
        return false;
      }
      spaces();
    } while (take(','));
    return take('}');
  }

  /// @param target that it is the value of, when it is one's: then it must hold no object
  private boolean array(@Nullable Target target, int depth) {
    if (depth > DEEPEST || !take('[')) {
      return false;
    }
    var spaced = spaces();
    if (!take(']')) {
      do {
        spaced |= spaces();
        if (target == null) {
          if (!skip(depth + 1)) {
            return false;
          }
        } else if (!(next('[') ? array(target, depth + 1) : plain())) {
          return false;
        }
        spaced |= spaces();
      } while (take(','));
      if (!take(']')) {
        return false;
      }
    }
    if (target != null) {
      target.spaced |= spaced;
    }
    return true;
  }

  /// With the escapes that are needed and no others.
  private boolean string() {
    if (!take('"')) {
      return false;
    }
    for (var i = at; i < end; i++) {
      var c = text[i];
      if (c == '"') {
        at = i + 1;
        return true;
      }
      if (c == '\\') {
        i++;
        if (i >= end || "\"\\nrtbf".indexOf(text[i]) < 0) {
          return false;
        }
      } else if (c < ' ') {
        if (c >= 0) {
          return false;
        }
        ascii = false;
      }
    }
    return false;
  }

  /// A number without an exponent that keeps its digits, whatever it is read into.
  private boolean number() {
    var begin = at;
    var negative = take('-');
    var whole = at;
    var digits = digits();
    if (digits == 0 || (digits > 1 && text[whole] == '0')) {
      return false;
    }
    var zero = text[whole] == '0';
    if (take('.')) {
      var fraction = at;
      if (digits() == 0 || (zero && !ordinaryFraction(fraction, negative))) {
        return false;
      }
    } else if (zero && negative) {
      return false;
    }
    return at - begin <= LONGEST_NUMBER && !next('e') && !next('E');
  }

  /// Very small numbers are written with an exponent, and zero without a sign.
  private boolean ordinaryFraction(int begin, boolean negative) {
    var zeros = 0;
    while (begin + zeros < at && text[begin + zeros] == '0') {
      zeros++;
    }
    return zeros <= MOST_ZEROS && !(negative && begin + zeros == at);
  }

  private int digits() {
    var begin = at;
    while (at < end && text[at] >= '0' && text[at] <= '9') {
      at++;
    }
    return at - begin;
  }

  /// A whole number that fits, or a truth value.
  private boolean integer(Target target) {
    if (next('t') || next('f')) {
      return plain();
    }
    var begin = at;
    if (!number() || at - begin > MOST_DIGITS) {
      return false;
    }
    var negative = text[begin] == '-';
    var value = 0L;
    for (var i = negative ? begin + 1 : begin; i < at; i++) {
      if (text[i] == '.') {
        return false;
      }
      value = 10 * value + (text[i] - '0');
    }
    value = negative ? -value : value;
    return value >= target.least && value <= target.most;
  }

  private boolean literal(byte[] word) {
    if (end - at < word.length
        || !Arrays.equals(text, at, at + word.length, word, 0, word.length)) {
      return false;
    }
    at += word.length;
    return true;
  }

  /// @return whether there were any
  private boolean spaces() {
    var begin = at;
    while (at < end && (text[at] == ' ' || text[at] == '\t')) {
      at++;
    }
    return at > begin;
  }

  private boolean next(char wanted) {
    return at < end && text[at] == wanted;
  }

  private boolean take(char wanted) {
    if (at < end && text[at] == wanted) {
      at++;
      return true;
    }
    return false;
  }
}
