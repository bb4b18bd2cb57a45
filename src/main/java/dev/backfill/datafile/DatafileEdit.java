package dev.backfill.datafile;

import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Patches on an author's datafile: what isn't named stays byte for byte, line endings and remarks
/// included. Immutable; every edit gives a new value. What comes in through an `INCLUDE` can't be
/// edited here.
///
/// Every method throws [IllegalArgumentException] when the file has no such thing, when a value
/// can't be written so that the client reads it back, or when the thing stands in an included file.
public final class DatafileEdit {
  private static final String INDENT = "    ";

  private final String path;
  private final String text;
  private final Datafile file;

  /// A piece of the text and what takes its place.
  private record Patch(int start, int end, String text) {}

  private DatafileEdit(String path, String text) {
    this.path = path;
    this.text = text;
    this.file = DatafileParser.parse(path, text).file();
  }

  /// Starts from a text.
  ///
  /// @param path as for [DatafileParser#parse(String, String)]
  public static DatafileEdit of(String path, String text) {
    return new DatafileEdit(path, text);
  }

  /// The text as edited.
  public String text() {
    return text;
  }

  // Directives

  /// Gives a directive outside of nodes another value; adds it when it isn't there: behind its
  /// kind, else at the end.
  ///
  /// @param value as meant, without quotes
  public DatafileEdit set(String name, String value) {
    return set(outer(), endOfOuter(), name, value);
  }

  /// Gives a directive of a node another value, or adds it to the node.
  public DatafileEdit set(String node, String name, String value) {
    var among = node(node).directives();
    int end =
        among.stream().mapToInt(Directive::end).max().orElseGet(() -> node(node).opening().end());
    return set(among, end, name, value);
  }

  /// Removes every directive outside of nodes that the condition holds for.
  public DatafileEdit remove(Predicate<Directive> condition) {
    return apply(outer().stream().filter(condition).map(this::removal).toList());
  }

  /// Removes every directive of that name outside of nodes.
  public DatafileEdit remove(String name) {
    return remove(d -> d.name().equals(name));
  }

  /// Removes every directive of that name from a node.
  public DatafileEdit remove(String node, String name) {
    return apply(
        node(node).directives().stream()
            .filter(d -> d.name().equals(name))
            .map(this::removal)
            .toList());
  }

  /// Puts the other file's `ENGINE` and `ENGINE_*` lines, as written there, in place of this one's.
  public DatafileEdit takeEngine(String otherText) {
    return take(otherText, d -> d.name().equals("ENGINE") || d.name().startsWith("ENGINE_"));
  }

  /// Puts the other file's lines of that directive, block included, in place of this one's.
  public DatafileEdit take(String otherText, String name) {
    return take(otherText, d -> d.name().equals(name));
  }

  private DatafileEdit take(String otherText, Predicate<Directive> which) {
    var other = DatafileParser.parse(path, otherText).file();
    var lines = new StringBuilder();
    for (var directive : other.directives()) {
      if (which.test(directive)) {
        otherText
            .substring(directive.start(), directive.end())
            .stripLeading()
            .lines()
            .forEach(l -> lines.append(l).append(ending()));
      }
    }
    var own = outer().stream().filter(which).toList();
    var patches = new ArrayList<Patch>(own.stream().map(this::removal).toList());
    if (!lines.isEmpty()) {
      int at =
          own.isEmpty()
              ? outer().stream()
                  .filter(d -> d.name().equals("SCHEMA"))
                  .map(Directive::end)
                  .findFirst()
                  .orElse(text().length())
              : own.getFirst().start();
      patches.addFirst(insertion(at, lines.toString()));
    }
    return apply(patches);
  }

  private DatafileEdit set(List<Directive> among, int otherwise, String name, String value) {
    var old = among.stream().filter(d -> d.name().equals(name)).reduce((a, b) -> b);
    if (old.isPresent() && old.get().block().isEmpty() && !old.get().arguments().isEmpty()) {
      var directive = editable(old.get());
      var words = directive.arguments();
      char quote = words.getFirst().text().charAt(0);
      return checked(
          name,
          value,
          apply(
              List.of(
                  new Patch(
                      directive.start() + words.getFirst().start(),
                      directive.start() + words.getLast().end(),
                      written(value, quote)))));
    }
    var line = name + " " + written(value, '"') + ending();
    if (old.isPresent()) {
      var directive = editable(old.get());
      return checked(
          name, value, apply(List.of(removal(directive), insertion(directive.start(), line))));
    }
    var kind = name.replaceFirst("_.*", "");
    int at =
        among.stream()
            .filter(d -> d.name().startsWith(kind) && !d.included())
            .mapToInt(Directive::end)
            .max()
            .orElse(otherwise);
    return checked(name, value, apply(List.of(insertion(at, line))));
  }

  private static DatafileEdit checked(String name, String value, DatafileEdit edited) {
    boolean there =
        edited.file.directives().stream()
            .anyMatch(d -> d.name().equals(name) && d.value().equals(value.strip()));
    if (!there) {
      throw new IllegalArgumentException("can't write " + name + " so that it reads " + value);
    }
    return edited;
  }

  /// The value in the quotes it had, else in quotes where it needs them.
  private static String written(String value, char oldQuote) {
    boolean quoted = oldQuote == '"' || oldQuote == '\'';
    if (!quoted && value.matches("[A-Za-z0-9_.@:/]+")) {
      return value;
    }
    char quote = quoted && value.indexOf(oldQuote) < 0 ? oldQuote : '"';
    if (value.indexOf(quote) >= 0) {
      quote = '\'';
    }
    if (value.indexOf(quote) >= 0 || value.indexOf('\n') >= 0 || value.indexOf('\r') >= 0) {
      throw new IllegalArgumentException("can't be written on one line: " + value);
    }
    return quote + value + quote;
  }

  // Nodes

  /// Replaces the SQL of a node.
  ///
  /// @param sql without a leading `%`; lines in column one are indented, unless that would change a
  ///   text in quotes
  /// @param template whether it is a template
  public DatafileEdit setSql(String node, String sql, boolean template) {
    var directive =
        editable(
            node(node)
                .last("SQL")
                .filter(d -> d.block().isPresent())
                .orElseThrow(() -> new IllegalArgumentException("no SQL in node " + node)));
    boolean keep =
        Tokens.of(sql).stream()
            .anyMatch(t ->
                (t.kind() == Token.Kind.STRING || t.kind() == Token.Kind.QUOTED_NAME)
                    && t.text().indexOf('\n') >= 0);
    var body = new StringBuilder(template ? INDENT + "%" + ending() : "");
    boolean first = true;
    for (var line : sql.strip().lines().toList()) {
      boolean flush = !line.isEmpty() && !Lines.isBlank(line.charAt(0));
      body.append(first || (flush && !keep) ? INDENT : "").append(line).append(ending());
      first = false;
    }
    int start = directive.line().end();
    var edited =
        apply(List.of(new Patch(start, directive.end(), (endsLine(start) ? "" : ending()) + body)));
    if (edited.file.directives().size() != file.directives().size()) {
      throw new IllegalArgumentException("a line of the SQL reads as a directive");
    }
    return edited;
  }

  /// Renames tables in the SQL of every node, as [TablesRead#rename(String, Map)] does; everything
  /// else in the SQL stays as it is.
  public DatafileEdit renameTables(Map<String, String> names) {
    var patches = new ArrayList<Patch>();
    for (var directive : file.directives()) {
      if (directive.name().equals("SQL") && directive.block().isPresent()) {
        rename(directive, names, patches);
      }
    }
    return apply(patches);
  }

  private void rename(Directive sql, Map<String, String> names, List<Patch> patches) {
    var lines = sql.block().map(Block::lines).orElse(List.of());
    var text = sql.block().map(Block::text).orElse("");
    int first = text.length() - text.stripLeading().length();
    boolean template = text.startsWith("%", first);
    var plain = template ? text.substring(0, first) + " " + text.substring(first + 1) : text;
    var renamed = TablesRead.rename(plain, names);
    if (renamed.equals(plain)) {
      return;
    }
    editable(sql);
    if (template) {
      renamed = renamed.substring(0, first) + "%" + renamed.substring(first + 1);
    }
    var after = renamed.split("\n", -1);
    if (after.length != lines.size()) {
      throw new IllegalArgumentException("a new name holds a line break");
    }
    for (int i = 0; i < after.length; i++) {
      var line = lines.get(i);
      if (!line.text().equals(after[i])) {
        patches.add(new Patch(line.start(), line.start() + line.text().length(), after[i]));
      }
    }
  }

  // Columns

  /// Replaces a column's entry.
  ///
  /// @param entry e.g. `` `a` String `json:$.a` ``, without a comma
  public DatafileEdit setColumn(String name, String entry) {
    var column = column(name);
    return apply(List.of(new Patch(column.start(), column.end(), entry)));
  }

  /// Inserts a column behind another.
  ///
  /// @param after name of that column; null for the first place
  public DatafileEdit insertColumn(@Nullable String after, String entry) {
    var columns = columns();
    if (columns.isEmpty()) {
      throw new IllegalArgumentException("no columns in " + path);
    }
    int index = after == null ? 0 : columns.indexOf(column(after)) + 1;
    if (index < columns.size()) {
      var next = editable(columns.get(index));
      return apply(
          List.of(new Patch(next.start(), next.start(), entry + "," + ending() + indent(next))));
    }
    var last = editable(columns.getLast());
    int line = endOfLine(last.end());
    var patches = new ArrayList<Patch>();
    if (last.comma() < 0) {
      patches.add(new Patch(last.end(), last.end(), ","));
    }
    patches.add(new Patch(line, line, ending() + indent(last) + entry));
    return apply(patches);
  }

  /// Removes a column, with its whole line when nothing else but a remark stands there.
  public DatafileEdit removeColumn(String name) {
    var columns = columns();
    var column = column(name);
    int index = columns.indexOf(column);
    boolean last = index == columns.size() - 1;
    int start = startOfLine(column.start());
    int end = endOfLine(Math.max(column.end(), column.comma()));
    boolean alone =
        text().substring(start, column.start()).isBlank()
            && (last || columns.get(index + 1).start() > end);
    var patches = new ArrayList<Patch>();
    if (last && index > 0 && column.comma() < 0) {
      int comma = columns.get(index - 1).comma();
      patches.add(new Patch(comma, comma + 1, ""));
    }
    if (alone) {
      patches.add(new Patch(start, behindEnding(end), ""));
    } else {
      patches.add(
          last
              ? new Patch(column.start(), Math.max(column.end(), column.comma() + 1), "")
              : new Patch(column.start(), columns.get(index + 1).start(), ""));
    }
    return apply(patches);
  }

  private List<ColumnSyntax> columns() {
    return file instanceof DatasourceFile source ? source.columns() : List.of();
  }

  private ColumnSyntax column(String name) {
    return columns().stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .map(DatafileEdit::editable)
        .orElseThrow(() -> new IllegalArgumentException("no column " + name + " in " + path));
  }

  private static ColumnSyntax editable(ColumnSyntax column) {
    if (column.start() < 0 || column.end() < 0) {
      throw new IllegalArgumentException("column " + column.name() + " is in an included file");
    }
    return column;
  }

  private String indent(ColumnSyntax column) {
    var before = text().substring(startOfLine(column.start()), column.start());
    return before.isBlank() ? before : INDENT;
  }

  // Text

  private List<Directive> outer() {
    return switch (file) {
      case DatasourceFile source -> source.directives();
      case PipeFile pipe -> pipe.head();
    };
  }

  private int endOfOuter() {
    return file instanceof PipeFile pipe && !pipe.nodes().isEmpty()
        ? editable(pipe.nodes().getFirst().opening()).start()
        : text().length();
  }

  private NodeSyntax node(String name) {
    return (file instanceof PipeFile pipe ? pipe.node(name) : Optional.<NodeSyntax>empty())
        .orElseThrow(() -> new IllegalArgumentException("no node " + name + " in " + path));
  }

  private static Directive editable(Directive directive) {
    if (directive.included()) {
      throw new IllegalArgumentException(directive.name() + " is in an included file");
    }
    return directive;
  }

  private Patch removal(Directive directive) {
    editable(directive);
    return new Patch(directive.start(), directive.end(), "");
  }

  /// Lines put in front of a place that starts a line, or behind the last line.
  private Patch insertion(int at, String lines) {
    return new Patch(at, at, (endsLine(at) ? "" : ending()) + lines);
  }

  private boolean endsLine(int at) {
    return at == 0 || "\r\n\uFEFF".indexOf(text().charAt(at - 1)) >= 0;
  }

  private int startOfLine(int at) {
    int start = at;
    while (!endsLine(start)) {
      start--;
    }
    return start;
  }

  private int endOfLine(int at) {
    int end = at;
    while (end < text().length() && text().charAt(end) != '\n' && text().charAt(end) != '\r') {
      end++;
    }
    return end;
  }

  private int behindEnding(int end) {
    if (text().startsWith("\r\n", end)) {
      return end + 2;
    }
    return Math.min(end + 1, text().length());
  }

  /// The line ending of the file's first line.
  private String ending() {
    int end = endOfLine(0);
    return end == text().length() ? "\n" : text().substring(end, behindEnding(end));
  }

  private DatafileEdit apply(List<Patch> patches) {
    var ordered =
        patches.stream()
            .sorted(Comparator.comparingInt(Patch::start).thenComparingInt(Patch::end))
            .collect(Collectors.toList());
    var out = new StringBuilder();
    int copied = 0;
    for (var patch : ordered) {
      if (patch.start() < copied) {
        throw new IllegalArgumentException("edits overlap in " + path);
      }
      out.append(text(), copied, patch.start()).append(patch.text());
      copied = patch.end();
    }
    return new DatafileEdit(path, out.append(text().substring(copied)).toString());
  }
}
