package dev.backfill.local;

import dev.backfill.local.Definition.Col;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Rows by column, in the engine's format Native: an insert of JSON spends most of its time on
/// reading the text.
///
/// Takes only values that the engine certainly reads as we do. Not for several threads.
final class Columns {
  private static final Pattern TYPE =
      Pattern.compile(
          "(?<rare>LowCardinality\\()?(?<nullable>Nullable\\()?(?<type>\\w+(?:\\([^()]*\\))?)\\)*");
  private static final Pattern TIME =
      Pattern.compile("DateTime(?:\\('UTC'\\))?|DateTime64\\(([0-9])(?:, ?'UTC')?\\)");

  private static final int FIRST_YEAR = 1971;
  private static final int LAST_YEAR = 2104;

  private final Column[] columns;
  private int rows;

  private Columns(List<Column> columns) {
    this.columns = columns.toArray(Column[]::new);
  }

  /// Empty when the type of a column isn't among those that are taken.
  static Optional<Columns> of(Definition definition) {
    var columns = new ArrayList<Column>();
    for (var column : definition.columns()) {
      if (column.insertable()) {
        var made = column(column);
        if (made.isEmpty()) {
          return Optional.empty();
        }
        columns.add(made.get());
      }
    }
    return Optional.of(new Columns(columns));
  }

  private static Optional<Column> column(Col column) {
    var parts = TYPE.matcher(column.type());
    if (!parts.matches()) {
      return Optional.empty();
    }
    var type = parts.group("type");
    if (parts.group("rare") != null && !type.equals("String")) {
      return Optional.empty();
    }
    var nullable = parts.group("nullable") != null;
    var time = TIME.matcher(type);
    if (time.matches()) {
      return Optional.of(
          time.group(1) == null
              ? new Times(column, type, nullable, Integer.BYTES, 0)
              : new Times(column, type, nullable, Long.BYTES, Integer.parseInt(time.group(1))));
    }
    return switch (type) {
      case "Int8", "UInt8" -> Optional.of(new Integers(column, type, nullable, Byte.BYTES));
      case "Int16", "UInt16" -> Optional.of(new Integers(column, type, nullable, Short.BYTES));
      case "Int32", "UInt32" -> Optional.of(new Integers(column, type, nullable, Integer.BYTES));
      case "Int64", "UInt64" -> Optional.of(new Integers(column, type, nullable, Long.BYTES));
      case "Float64" -> Optional.of(new Floats(column, type, nullable));
      case "Bool" -> Optional.of(new Truths(column, type, nullable));
      case "Date" -> Optional.of(new Dates(column, type, nullable));
      case "String" -> Optional.of(new Texts(column, type, nullable));
      default -> Optional.empty();
    };
  }

  int size() {
    return rows;
  }

  /// Gives the next row a value.
  ///
  /// @param index of the column
  /// @param begin of its JSON in the text, which must be a value that [Scan] lets pass
  /// @param escapes whether there may be a backslash in it
  /// @return false when the engine might read something else from that JSON
  boolean put(int index, byte[] text, int begin, int until, boolean escapes) {
    var column = columns[index];
    return column.present(rows) && column.put(rows, text, begin, until, escapes);
  }

  /// Leaves the next row without a value.
  ///
  /// @return false when that can't be said in a block
  boolean missing(int index) {
    return columns[index].missing(rows);
  }

  /// The next row is whole. Without this its values are as if they hadn't been put.
  void end() {
    for (var column : columns) {
      column.end();
    }
    rows++;
  }

  /// Of those columns that have values; of the others, no row has one.
  List<String> names() {
    return Arrays.stream(columns).filter(c -> !c.absent).map(c -> c.name).toList();
  }

  /// All rows as one block of the format.
  ByteBuffer block() {
    var present = Arrays.stream(columns).filter(c -> !c.absent).toList();
    var out = new Lines(present.stream().mapToInt(c -> c.length(rows) + 100).sum());
    out.number(present.size());
    out.number(rows);
    for (var column : present) {
      text(column.name, out);
      text(column.nullable ? "Nullable(" + column.type + ")" : column.type, out);
      column.write(rows, out);
    }
    return out.all();
  }

  private static void text(String text, Lines out) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    out.number(bytes.length);
    out.put(bytes);
  }

  /// Values of a column.
  private abstract static class Column {
    private final String name;
    private final String type;
    private final boolean nullable;
    private final boolean filled;
    private boolean absent;
    private byte[] nulls;

    Column(Col column, String type, boolean nullable) {
      this.name = column.name();
      this.type = type;
      this.nullable = nullable;
      this.filled = !column.kind().isEmpty();
      this.nulls = new byte[nullable ? 256 : 0];
    }

    abstract boolean put(int row, byte[] text, int begin, int until, boolean escapes);

    abstract void putNothing(int row);

    abstract int length(int rows);

    abstract void writeValues(int rows, Lines out);

    void end() {}

    private boolean present(int row) {
      if (row == 0) {
        absent = false;
      }
      if (nullable) {
        nulls = room(nulls, row + 1);
        nulls[row] = 0;
      }
      return !absent;
    }

    private boolean missing(int row) {
      if (filled) {
        // the engine fills in what the statement doesn't name, so all rows or none
        absent |= row == 0;
        return absent;
      }
      if (nullable) {
        nulls = room(nulls, row + 1);
        nulls[row] = 1;
        putNothing(row);
      }
      return nullable;
    }

    private void write(int rows, Lines out) {
      if (nullable) {
        out.put(nulls, 0, rows);
      }
      writeValues(rows, out);
    }

    static byte[] room(byte[] bytes, int wanted) {
      return wanted <= bytes.length
          ? bytes
          : Arrays.copyOf(bytes, Math.max(wanted, 2 * bytes.length));
    }
  }

  /// Values of one size.
  private abstract static class Fixed extends Column {
    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private final int width;
    private byte[] values;

    Fixed(Col column, String type, boolean nullable, int width) {
      super(column, type, nullable);
      this.width = width;
      this.values = new byte[256 * width];
    }

    @Override
    final void putNothing(int row) {
      store(row, 0);
    }

    /// The lowest byte comes first.
    final boolean store(int row, long value) {
      var at = row * width;
      values = room(values, at + Long.BYTES);
      // what is too much is the next row's
      LONG.set(values, at, value);
      return true;
    }

    @Override
    final int length(int rows) {
      return rows * (width + 1);
    }

    @Override
    final void writeValues(int rows, Lines out) {
      out.put(values, 0, rows * width);
    }
  }

  private static final class Integers extends Fixed {
    Integers(Col column, String type, boolean nullable, int width) {
      super(column, type, nullable, width);
    }

    @Override
    boolean put(int row, byte[] text, int begin, int until, boolean escapes) {
      var negative = text[begin] == '-';
      var value = 0L;
      for (var i = negative ? begin + 1 : begin; i < until; i++) {
        if (text[i] < '0' || text[i] > '9') {
          return false;
        }
        value = 10 * value + (text[i] - '0');
      }
      return store(row, negative ? -value : value);
    }
  }

  /// Both sides round to the nearest.
  private static final class Floats extends Fixed {
    private static final int EXACT_DIGITS = 15;
    private static final double[] POWERS = new double[EXACT_DIGITS + 1];

    static {
      Arrays.setAll(POWERS, i -> Double.parseDouble("1e" + i));
    }

    Floats(Col column, String type, boolean nullable) {
      super(column, type, nullable, Double.BYTES);
    }

    @Override
    boolean put(int row, byte[] text, int begin, int until, boolean escapes) {
      var first = text[begin];
      if (first != '-' && (first < '0' || first > '9')) {
        return false;
      }
      return store(row, Double.doubleToRawLongBits(read(text, begin, until)));
    }

    private static double read(byte[] text, int begin, int until) {
      var negative = text[begin] == '-';
      var whole = 0L;
      var digits = 0;
      var point = until;
      for (var i = negative ? begin + 1 : begin; i < until; i++) {
        if (text[i] == '.') {
          point = i + 1;
        } else {
          whole = 10 * whole + (text[i] - '0');
          digits++;
        }
      }
      if (digits > EXACT_DIGITS) {
        return Double.parseDouble(
            new String(text, begin, until - begin, StandardCharsets.US_ASCII));
      }
      // a quotient of two numbers that are exact
      var value = whole / POWERS[until - point];
      return negative ? -value : value;
    }
  }

  /// Each with its length before it.
  private static final class Texts extends Column {
    private final Lines values = new Lines(4096);
    private int whole;

    Texts(Col column, String type, boolean nullable) {
      super(column, type, nullable);
    }

    @Override
    boolean put(int row, byte[] text, int begin, int until, boolean escapes) {
      if (text[begin] != '"') {
        return false;
      }
      values.cut(whole);
      if (!escapes) {
        values.number(until - begin - 2);
        values.put(text, begin + 1, until - 1);
        return true;
      }
      var length = until - begin - 2;
      for (var i = begin + 1; i < until - 1; i++) {
        if (text[i] == '\\') {
          length--;
          i++;
        }
      }
      values.number(length);
      for (var i = begin + 1; i < until - 1; i++) {
        values.put(text[i] == '\\' ? meant(text[++i]) : text[i]);
      }
      return true;
    }

    private static byte meant(byte escaped) {
      return switch (escaped) {
        case 'n' -> '\n';
        case 'r' -> '\r';
        case 't' -> '\t';
        case 'b' -> '\b';
        case 'f' -> '\f';
        default -> escaped;
      };
    }

    @Override
    void putNothing(int row) {
      values.cut(whole);
      values.number(0);
    }

    @Override
    void end() {
      whole = values.length();
    }

    @Override
    int length(int rows) {
      return whole + rows;
    }

    @Override
    void writeValues(int rows, Lines out) {
      out.put(values.all().array(), 0, whole);
    }
  }

  private static final class Truths extends Fixed {
    Truths(Col column, String type, boolean nullable) {
      super(column, type, nullable, 1);
    }

    @Override
    boolean put(int row, byte[] text, int begin, int until, boolean escapes) {
      return switch (text[begin]) {
        case 't' -> store(row, 1);
        case 'f' -> store(row, 0);
        default -> false;
      };
    }
  }

  private static final class Dates extends Fixed {
    Dates(Col column, String type, boolean nullable) {
      super(column, type, nullable, Short.BYTES);
    }

    @Override
    boolean put(int row, byte[] text, int begin, int until, boolean escapes) {
      if (until - begin != 12) {
        return false;
      }
      var day = day(text, begin + 1);
      return day > 0 && store(row, day);
    }
  }

  private static final class Times extends Fixed {
    private final int precision;

    Times(Col column, String type, boolean nullable, int width, int precision) {
      super(column, type, nullable, width);
      this.precision = precision;
    }

    @Override
    boolean put(int row, byte[] text, int begin, int until, boolean escapes) {
      var at = begin + 1;
      if (until - begin < 21
          || (text[at + 10] != ' ' && text[at + 10] != 'T')
          || text[at + 13] != ':'
          || text[at + 16] != ':') {
        return false;
      }
      var day = day(text, at);
      var hour = number(text, at + 11, 2);
      var minute = number(text, at + 14, 2);
      var second = number(text, at + 17, 2);
      if (day <= 0
          || hour < 0
          || hour > 23
          || minute < 0
          || minute > 59
          || second < 0
          || second > 59) {
        return false;
      }
      var value = ((day * 24L + hour) * 60 + minute) * 60 + second;
      var end = until - 1;
      if (text[end - 1] == 'Z') {
        end--;
      }
      var digits = end - at - 20;
      if (end > at + 19) {
        if (text[at + 19] != '.' || digits < 1 || digits > precision) {
          return false;
        }
        for (var i = 0; i < digits; i++) {
          var digit = text[at + 20 + i];
          if (digit < '0' || digit > '9') {
            return false;
          }
          value = 10 * value + (digit - '0');
        }
      }
      for (var i = Math.max(digits, 0); i < precision; i++) {
        value *= 10;
      }
      return store(row, value);
    }
  }

  /// Days since 1970 of a date of the years that every type holds, NONE when it is no such date.
  private static int day(byte[] text, int at) {
    var year = number(text, at, 4);
    var month = number(text, at + 5, 2);
    var day = number(text, at + 8, 2);
    if (text[at + 4] != '-'
        || text[at + 7] != '-'
        || year < FIRST_YEAR
        || year > LAST_YEAR
        || month < 1
        || month > 12
        || day < 1
        || day > YearMonth.of(year, month).lengthOfMonth()) {
      return Scan.NONE;
    }
    return (int) LocalDate.of(year, month, day).toEpochDay();
  }

  private static int number(byte[] text, int at, int digits) {
    var number = 0;
    for (var i = at; i < at + digits; i++) {
      if (text[i] < '0' || text[i] > '9') {
        return Scan.NONE;
      }
      number = 10 * number + (text[i] - '0');
    }
    return number;
  }
}
