package dev.backfill.datafile;

import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.problem.Place;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Parses a datafile by the rules of the Classic client (`datafiles.md` 1.2 to 1.4). Constructs of
/// Forward are accepted with a warning. Everything wrong is reported, not only the first; no text
/// makes it throw.
public final class DatafileParser {
  /// Most characters of a file that is read, what it includes counted too. Ordinary files have a
  /// few thousand; one of ten millions takes seconds and some hundred megabytes.
  static final int MOST_CHARACTERS = 32 * 1024 * 1024;

  /// As many first words of a line in a block as show that it was meant as a directive.
  private static final int WORDS_THAT_TELL = 3;

  private static final Pattern NAME = Pattern.compile("[A-Z][A-Z0-9_]*");

  private final String path;
  private final Findings findings = new Findings();
  private final List<Part> parts = new ArrayList<>();
  private final List<Directive> directives = new ArrayList<>();
  private final LineFeed feed;
  private @Nullable OpenBlock open;

  /// A directive whose block isn't complete yet.
  private record OpenBlock(
      String name,
      List<Word> words,
      String rest,
      Line line,
      boolean known,
      List<Line> body,
      List<Line> lines) {}

  private DatafileParser(String path, Iterator<Line> lines, Map<String, String> files) {
    this.path = path;
    this.feed = new LineFeed(path, lines, files);
  }

  /// Parses a file that includes no other.
  ///
  /// @param path relative to the project; ends in `.datasource` or `.pipe`
  public static Parsed parse(String path, String text) {
    return parse(path, text, Map.of());
  }

  /// Parses a file.
  ///
  /// @param path relative to the project; ends in `.datasource`, anything else is read as a pipe
  /// @param files texts by path, where `INCLUDE` looks
  public static Parsed parse(String path, String text, Map<String, String> files) {
    boolean tooLarge = text.length() > MOST_CHARACTERS;
    var lines = Lines.of(path, tooLarge ? "" : text, false);
    var parser = new DatafileParser(path, lines, files);
    if (tooLarge) {
      parser.findings.error(
          "file_too_large",
          Place.of(path),
          "The file has more than " + MOST_CHARACTERS + " characters; it isn't read.",
          "A datafile of that size can't be meant: look at what is in it.");
      parser.parts.add(new Part.Unread(text));
    } else if (Lines.hasBom(text)) {
      parser.parts.add(new Part.Unread(text.substring(0, 1)));
    }
    if (Lines.hasBom(text)) {
      parser.findings.warning(
          "byte_order_mark",
          new Place(path, 1, 1),
          "The file starts with a byte order mark, which the Classic client takes for a part of"
              + " the first directive.",
          "Save it as UTF-8 without BOM.");
    }
    parser.readLines();
    var file = path.endsWith(".datasource") ? parser.datasource() : parser.pipe();
    return new Parsed(file, parser.findings.all());
  }

  private void readLines() {
    for (var line = feed.next(); line != null; line = feed.next()) {
      read(line);
    }
    closeBlock();
  }

  private void read(Line line) {
    var start = Lines.words(line.text(), WORDS_THAT_TELL);
    if (start.empty()) {
      if (open == null) {
        parts.add(new Part.Aside(line));
      } else {
        open.body().add(line);
      }
      return;
    }
    lintBreaks(line);
    if (open != null && !endsBlock(line, start)) {
      lintSwallowed(line, start);
      open.body().add(line);
      open.lines().add(line);
      return;
    }
    closeBlock();
    var lexed = Lines.words(line.text());
    if (!lexed.closed()) {
      findings.error(
          "unclosed_quote",
          line.at(lexed.openQuote()),
          "A quote is opened and not closed on this line: " + Findings.quoted(line.text()) + ".",
          "Close it, or write the value without quotes.");
      parts.add(new Part.Aside(line));
      return;
    }
    var words = lexed.words();
    lintComment(line, words);
    var first = words.getFirst();
    var name = first.text().toUpperCase(Locale.ROOT);
    boolean known = Directives.known(name);
    if (!known) {
      unknown(line, first, name);
      if (!NAME.matcher(name).matches()) {
        parts.add(new Part.Aside(line));
        return;
      }
    }
    lintName(line, first, name);
    var rest = line.text().substring(words.getLast().end());
    if (words.size() > 1 && words.get(1).text().equals(">")) {
      if (words.size() > 2) {
        findings.warning(
            "text_after_block_start",
            line.at(words.get(2).start()),
            "Text behind `" + name + " >` is dropped by the client.",
            "Move it to the next line.");
      }
      open = new OpenBlock(name, words, rest, line, known, new ArrayList<>(), new ArrayList<>());
    } else {
      add(new Directive(name, words, rest, Optional.empty(), line, known));
    }
  }

  private void add(Directive directive) {
    directives.add(directive);
    parts.add(new Part.Said(directive));
    if (directive.name().equals("INCLUDE")) {
      include(directive);
    }
  }

  private void closeBlock() {
    if (open != null) {
      var block = open;
      open = null;
      add(
          new Directive(
              block.name(),
              block.words(),
              block.rest(),
              Optional.of(new Block(block.body(), block.lines())),
              block.line(),
              block.known()));
    }
  }

  private static boolean endsBlock(Line line, Lines.Lexed lexed) {
    return lexed.closed()
        && lexed.words().getFirst().start() == 0
        && !line.text().regionMatches(true, 0, "from", 0, 4)
        && Directives.known(lexed.words().getFirst().text().toUpperCase(Locale.ROOT));
  }

  private void include(Directive directive) {
    if (directive.arguments().isEmpty()) {
      findings.error(
          "missing_value",
          directive.place(),
          "INCLUDE names no file.",
          "Name it or drop the line.");
      return;
    }
    var name = Lines.unquote(directive.arguments().getFirst().text());
    var variables = new HashMap<String, String>();
    for (var word : directive.arguments().subList(1, directive.arguments().size())) {
      var pair = Lines.unquote(word.text());
      int equals = pair.indexOf('=');
      if (equals > 0) {
        variables.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
      }
    }
    var trouble = feed.include(directive.line().file(), name, variables);
    if (trouble != null) {
      findings.error(
          "include_not_resolved",
          directive.place(),
          "The included file " + Findings.quoted(name) + " " + trouble + ".",
          "Without it the meaning of this file isn't known: add it to the project.");
    } else if (LineFeed.depends(name)) {
      findings.warning(
          "include_depends_on_environment",
          directive.place(),
          "Which file " + Findings.quoted(name) + " is depends on the environment.",
          "One that fits is read here, production's if it says so; keep the others alike.");
    }
  }

  // What is odd about a line

  private void unknown(Line line, Word first, String name) {
    var advice =
        name.endsWith(">") && Directives.known(name.substring(0, name.length() - 1))
            ? "Put a blank in front of `>`."
            : "Correct it, or indent the line if it belongs to the block above.";
    findings.error(
        "unknown_directive",
        line.at(first.start()),
        Findings.quoted(first.text()) + " is not a directive.",
        advice);
  }

  private void lintName(Line line, Word first, String name) {
    var place = line.at(first.start());
    boolean datasource = path.endsWith(".datasource");
    if (name.equals("SETTINGS")) {
      findings.error(
          "unknown_directive",
          place,
          "The client refuses a bare SETTINGS.",
          "Write ENGINE_SETTINGS.");
    } else if (Directives.FORWARD.contains(name)) {
      findings.warning(
          "forward_only",
          place,
          name + " belongs to Tinybird Forward; the Classic client refuses the file.",
          "Drop it from a Classic project.");
    } else if (Directives.UNUSED.contains(name)) {
      findings.warning(
          "unused_directive",
          place,
          name + " is read by the client and never used.",
          name.endsWith("KEY") || name.equals("TTL")
              ? "Write ENGINE_" + name + " if the table should have it."
              : "Drop the line.");
    } else if (datasource
        ? Directives.PIPE_ONLY.contains(name)
        : Directives.DATASOURCE_ONLY.contains(name)) {
      findings.warning(
          "misplaced_directive",
          place,
          name + " means nothing in a " + (datasource ? ".datasource" : ".pipe") + " file.",
          "Move it to the file it belongs to.");
    }
  }

  private void lintBreaks(Line line) {
    int odd = Lines.oddBreak(line.text());
    if (odd >= 0) {
      findings.warning(
          "odd_line_break",
          line.at(odd),
          "A control character here may be taken for a line break by the client.",
          "Remove it.");
    }
    if (line.ending().equals("\r")) {
      findings.warning(
          "odd_line_break",
          line.at(line.text().length()),
          "The line ends in a lone carriage return.",
          "Use the same line ending throughout.");
    }
  }

  private void lintComment(Line line, List<Word> words) {
    int cut = Lines.commentInsideWord(line.text(), words);
    if (cut >= 0) {
      findings.warning(
          "comment_cuts_value",
          line.at(cut),
          "A `#` outside quotes starts a comment, even inside a word: the value ends before it.",
          "Put the value in quotes.");
    }
  }

  /// An indented directive, or one with a misspelt name, disappears in the block above.
  private void lintSwallowed(Line line, Lines.Lexed lexed) {
    if (!lexed.closed() || open == null) {
      return;
    }
    var first = lexed.words().getFirst();
    var name = first.text();
    boolean swallowed =
        switch (open.name()) {
          case "SQL" -> first.start() > 0 && ofNode(lexed.words());
          case "SCHEMA", "INDEXES", "INDICES" ->
              Directives.resembles(name) || (name.equals("ENGINE") && lexed.words().size() == 2);
          default -> first.start() > 0 && Directives.ENGINE_OPTIONS.contains(name);
        };
    if (swallowed) {
      boolean indented = first.start() > 0;
      findings.error(
          indented ? "indented_directive" : "unknown_directive",
          line.at(first.start()),
          Findings.quoted(name) + " is read as a part of the " + open.name() + " block.",
          indented
              ? "Start the line in column 1."
              : "No client knows this directive; correct its name.");
    }
  }

  /// Says what its node does, and can hardly be SQL.
  private static boolean ofNode(List<Word> words) {
    var name = words.getFirst().text();
    return switch (name) {
      case "TYPE" ->
          words.size() == 2
              && Directives.NODE_TYPES.contains(words.get(1).text().toLowerCase(Locale.ROOT));
      case "DATASOURCE", "TARGET_DATASOURCE", "COPY_MODE" -> words.size() == 2;
      case "COPY_SCHEDULE", "NODE" -> words.size() >= 2;
      default -> Directives.ENGINE_OPTIONS.contains(name) && words.size() >= 2;
    };
  }

  // From directives to files

  private DatasourceFile datasource() {
    needBlocks();
    var columns =
        directives.stream()
            .filter(d -> d.name().equals("SCHEMA"))
            .reduce((a, b) -> b)
            .flatMap(d -> d.block().map(b -> new SchemaParser(d.place(), b, findings).columns()))
            .orElse(List.of());
    var indexes =
        directives.stream()
            .filter(d -> d.name().equals("INDEXES") || d.name().equals("INDICES"))
            .reduce((a, b) -> b)
            .flatMap(Directive::block)
            .map(b -> IndexParser.parse(b, findings))
            .orElse(List.of());
    return new DatasourceFile(path, parts, columns, indexes);
  }

  private PipeFile pipe() {
    needBlocks();
    var head = new ArrayList<Directive>();
    var nodes = new ArrayList<NodeSyntax>();
    @Nullable Directive node = null;
    var inNode = new ArrayList<Directive>();
    for (var directive : directives) {
      if (directive.name().equals("NODE")) {
        if (node != null) {
          nodes.add(new NodeSyntax(node, inNode));
        }
        node = directive;
        inNode = new ArrayList<>();
      } else if (node == null) {
        head.add(directive);
      } else {
        inNode.add(directive);
      }
    }
    if (node != null) {
      nodes.add(new NodeSyntax(node, inNode));
    }
    return new PipeFile(path, parts, head, nodes);
  }

  private void needBlocks() {
    for (var directive : directives) {
      if (Directives.NEED_BLOCK.contains(directive.name()) && directive.block().isEmpty()) {
        findings.error(
            "missing_block",
            directive.place(),
            directive.name() + " needs a block.",
            "Write `" + directive.name() + " >` and the text indented on the lines below.");
      } else if (!Directives.NEED_BLOCK.contains(directive.name())
          && directive.known()
          && directive.raw().isEmpty()) {
        findings.warning(
            "missing_value",
            directive.place(),
            directive.name() + " has no value.",
            "Give it one or drop the line.");
      }
    }
  }
}
