package dev.backfill.plan;

import dev.backfill.change.Change;
import dev.backfill.change.Flow;
import dev.backfill.change.Pair;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Looks for mistakes in sync and Copy Pipes that people write by hand, where a mistake loses or
/// doubles rows. Only bounds that are written out as `column >= value` are understood; what isn't
/// understood isn't reported.
final class PairLint {
  /// Functions that throw for a text that isn't what they read.
  private static final Pattern THROWS =
      Pattern.compile(
          "to(u?int(8|16|32|64|128|256)|float(32|64)|decimal(32|64|128|256)|date|date32|datetime"
              + "|datetime64|uuid|ipv4|ipv6|bool)|cast|accuratecast|parsedatetime\\w*");

  private static final Pattern HARMLESS_PARSE = Pattern.compile("parsedatetime\\w*or(null|zero)");

  private final Flow head;
  private final List<Change> changes;
  private final Set<String> ours;
  private final List<Problem> out = new ArrayList<>();

  private PairLint(Flow head, List<Change> changes, Set<String> ours) {
    this.head = head;
    this.changes = changes;
    this.ours = ours;
  }

  /// A comparison of a column of the source with a value.
  ///
  /// @param lower whether rows from the value on are taken, else up to it
  /// @param inclusive whether rows at the value itself are taken
  /// @param value an instant as text; empty for a parameter
  private record Bound(
      String column, boolean lower, boolean inclusive, Optional<String> value, Place place) {}

  /// @param changes what the diff holds; pairs that it doesn't touch are left alone
  /// @param ours names of generated Pipes, which are exempt
  static List<Problem> of(Flow head, List<Change> changes, Set<String> ours) {
    var lint = new PairLint(head, changes, ours);
    var pairs = new LinkedHashMap<String, List<Pair>>();
    for (var pair : Pair.of(head)) {
      if (!pair.release() && !ours.contains(pair.pipe())) {
        pairs
            .computeIfAbsent(pair.source() + "\n" + pair.target(), _ -> new ArrayList<>())
            .add(pair);
      }
    }
    pairs.values().forEach(lint::pair);
    return lint.out.stream().distinct().toList();
  }

  private void pair(List<Pair> pair) {
    var names = pair.stream().map(Pair::pipe).collect(Collectors.toSet());
    var target = pair.getFirst().target();
    var source = head.project().dataSource(pair.getFirst().source());
    if (source.isEmpty()
        || changes.stream()
            .noneMatch(c -> names.contains(c.resource()) || c.resource().equals(target))) {
      return;
    }
    var live = pipes(pair, true);
    var copies = pipes(pair, false);
    for (var pipe : Stream.concat(live.stream(), copies.stream()).toList()) {
      readsTarget(pipe, target);
    }
    live.forEach(p -> casts(p, source.get()));
    var columns = new TreeSet<String>();
    source.get().columns().forEach(c -> columns.add(c.name()));
    // A condition may name what a column is called in the result.
    head.project()
        .dataSource(target)
        .ifPresent(d -> d.columns().forEach(c -> columns.add(c.name())));
    for (var copy : copies) {
      chunks(copy, columns);
      live.forEach(l -> seam(l, copy, columns));
    }
    twice(live, columns, pair.getFirst());
    twice(copies, columns, pair.getFirst());
    readersMoved(pair.getFirst(), names);
  }

  private List<Pipe> pipes(List<Pair> pair, boolean live) {
    return pair.stream()
        .filter(p -> p.live() == live)
        .flatMap(p -> head.project().pipe(p.pipe()).stream())
        .toList();
  }

  private void warning(String code, Place place, String message, String advice) {
    out.add(Problem.warning(code, place, message, advice));
  }

  private void readsTarget(Pipe pipe, String target) {
    for (var node : pipe.nodes()) {
      if (head.named(node).contains(target) && pipe.node(target).isEmpty()) {
        warning(
            "pair_reads_its_target",
            at(node, firstNamed(node, target)),
            pipe.name() + " fills " + target + " and reads it.",
            "Read the source only.");
      }
    }
  }

  private static int firstNamed(Node node, String name) {
    return Tokens.of(node.sql()).stream()
        .filter(t -> t.isName() && t.value().equals(name))
        .findFirst()
        .map(Token::start)
        .orElse(0);
  }

  /// Conversions of texts that throw for some.
  private void casts(Pipe pipe, DataSource source) {
    for (var node : pipe.nodes()) {
      var tokens = Tokens.of(node.sql());
      for (var i = 0; i + 1 < tokens.size(); i++) {
        var function = tokens.get(i).text().toLowerCase(Locale.ROOT);
        if (tokens.get(i).kind() != Token.Kind.WORD
            || !tokens.get(i + 1).symbol("(")
            || !THROWS.matcher(function).matches()
            || HARMLESS_PARSE.matcher(function).matches()) {
          continue;
        }
        if (arguments(tokens, i + 1).stream().anyMatch(t -> isText(t, source))) {
          warning(
              "pair_cast_may_throw",
              at(node, tokens.get(i).start()),
              "%s converts a text by %s(), which throws for some; then every insert into %s fails."
                  .formatted(pipe.name(), tokens.get(i).text(), source.name()),
              "Use a form that never throws, like accurateCastOrNull or accurateCastOrDefault.");
        }
      }
    }
  }

  private static List<Token> arguments(List<Token> tokens, int open) {
    var depth = 0;
    for (var j = open; j < tokens.size(); j++) {
      if (tokens.get(j).symbol("(")) {
        depth++;
      } else if (tokens.get(j).symbol(")") && --depth == 0) {
        return tokens.subList(open + 1, j);
      }
    }
    return List.of();
  }

  private static boolean isText(Token token, DataSource source) {
    return token.isName()
        && (token.text().toLowerCase(Locale.ROOT).matches("jsonextract(string|raw)")
            || source
                .column(token.value())
                .filter(c -> c.type().bare().name().matches("String|FixedString|JSON"))
                .isPresent());
  }

  /// Chunks whose both ends are taken share their border rows; a copy without an end takes all.
  private void chunks(Pipe copy, Set<String> columns) {
    var bounds = bounds(copy, columns);
    var parameters = bounds.stream().filter(b -> b.value().isEmpty()).toList();
    parameters.stream()
        .filter(b -> !b.lower() && b.inclusive())
        .filter(b ->
            parameters.stream()
                .anyMatch(o -> o.lower() && o.inclusive() && o.column().equals(b.column())))
        .findFirst()
        .ifPresent(b ->
            warning(
                "pair_bounds_overlap",
                b.place(),
                copy.name()
                    + " takes both ends of its range, so a row at the border of two ranges is"
                    + " copied twice.",
                "Take the end out: `>= start AND < end`."));
  }

  private void seam(Pipe live, Pipe copy, Set<String> columns) {
    var from =
        bounds(live, columns).stream().filter(b -> b.lower() && b.value().isPresent()).findFirst();
    if (replaces(copy)) {
      return;
    }
    if (unfiltered(copy)) {
      warning(
          "pair_copy_without_bound",
          copy.writingNode().map(Node::sqlPlace).orElse(copy.place()),
          copy.name() + " copies every row, those that " + live.name() + " brought too.",
          "Copy only what is before the sync's cut.");
    }
    if (from.isEmpty()) {
      return;
    }
    var cut = from.get();
    var ends =
        bounds(copy, columns).stream()
            .filter(b -> !b.lower() && b.value().isPresent() && b.column().equals(cut.column()))
            .toList();
    if (ends.isEmpty()) {
      return;
    }
    var same = ends.stream().filter(b -> b.value().equals(cut.value())).findFirst();
    if (same.isEmpty()) {
      warning(
          "pair_cut_differs",
          ends.getFirst().place(),
          "%s copies up to %s, and %s begins at %s: rows between are lost or doubled."
              .formatted(
                  copy.name(),
                  ends.getFirst().value().orElse(""),
                  live.name(),
                  cut.value().orElse("")),
          "Use one time in both.");
    } else if (cut.inclusive() && same.get().inclusive()) {
      warning(
          "pair_bounds_overlap",
          same.get().place(),
          copy.name() + " and " + live.name() + " both take the rows at the cut itself.",
          "Write `<` in the copy.");
    } else if (!cut.inclusive() && !same.get().inclusive()) {
      warning(
          "pair_bounds_gap",
          cut.place(),
          "Neither " + live.name() + " nor " + copy.name() + " takes the rows at the cut itself.",
          "Write `>=` in the sync.");
    }
  }

  private static boolean replaces(Pipe copy) {
    return copy.writingNode().flatMap(Node::copyMode).filter("replace"::equals).isPresent();
  }

  private static boolean unfiltered(Pipe copy) {
    return copy.nodes().stream()
        .flatMap(n -> Tokens.of(n.sql()).stream())
        .noneMatch(t -> t.is("WHERE") || t.is("PREWHERE") || t.kind() == Token.Kind.TAG);
  }

  /// Two Pipes that bring the same rows: their written bounds don't keep them apart.
  private void twice(List<Pipe> pipes, Set<String> columns, Pair pair) {
    for (var i = 0; i < pipes.size(); i++) {
      for (var j = i + 1; j < pipes.size(); j++) {
        var a = pipes.get(i);
        var b = pipes.get(j);
        if (!choosesOtherwise(a)
            && !choosesOtherwise(b)
            && !replaces(a)
            && !replaces(b)
            && !apart(bounds(a, columns), bounds(b, columns))
            && !apart(bounds(b, columns), bounds(a, columns))) {
          warning(
              "pair_fed_twice",
              b.writingNode().map(Node::place).orElse(b.place()),
              "%s and %s both bring rows of %s to %s, and nothing keeps them from bringing the same."
                  .formatted(a.name(), b.name(), pair.source(), pair.target()),
              "Keep one, or give them ranges that don't meet.");
        }
      }
    }
  }

  private static boolean choosesOtherwise(Pipe pipe) {
    return pipe.nodes().stream()
        .flatMap(n -> Tokens.of(n.sql()).stream())
        .anyMatch(
            t -> t.symbol("=") || t.symbol("!=") || t.symbol("<>") || t.is("IN") || t.is("LIKE"));
  }

  private static boolean apart(List<Bound> first, List<Bound> second) {
    return first.stream()
        .filter(b -> !b.lower() && b.value().isPresent())
        .anyMatch(end ->
            second.stream()
                .filter(b -> b.lower() && b.value().isPresent())
                .filter(b -> b.column().equals(end.column()))
                .anyMatch(start -> {
                  var order = end.value().get().compareTo(start.value().get());
                  return order < 0 || (order == 0 && !(end.inclusive() && start.inclusive()));
                }));
  }

  /// Readers that the diff points at a target which the same diff adds.
  private void readersMoved(Pair pair, Set<String> names) {
    var added =
        changes.stream()
            .anyMatch(
                c -> c instanceof Change.DataSourceAdded && c.resource().equals(pair.target()));
    if (!added) {
      return;
    }
    for (var change : changes) {
      if (change instanceof Change.QueryChanged query
          && !names.contains(query.resource())
          && !ours.contains(query.resource())
          && !query.after().is(Node.Kind.MATERIALIZED)
          && named(query.before()).contains(pair.source())
          && named(query.after()).contains(pair.target())) {
        warning(
            "pair_reader_moved_early",
            query.place(),
            query.resource()
                + " reads "
                + pair.target()
                + " before its history is there, and answers with the newest rows only.",
            "Move it in a later pull request, when the copy is finished and proven.");
      }
    }
  }

  private Set<String> named(Pipe pipe) {
    var found = new TreeSet<String>();
    pipe.nodes().forEach(n -> found.addAll(head.tables(n).names()));
    return found;
  }

  private static List<Bound> bounds(Pipe pipe, Set<String> columns) {
    var found = new ArrayList<Bound>();
    for (var node : pipe.nodes()) {
      var tokens = Tokens.of(node.sql());
      // Of a condition with alternatives no bound is certain.
      if (tokens.stream().anyMatch(t -> t.is("OR") || t.is("NOT"))) {
        return List.of();
      }
      for (var i = 1; i + 1 < tokens.size(); i++) {
        bounds(node, tokens, i, columns, found);
      }
    }
    return found;
  }

  private static void bounds(
      Node node, List<Token> tokens, int i, Set<String> columns, List<Bound> found) {
    var operator = tokens.get(i);
    var left = tokens.get(i - 1);
    var right = tokens.get(i + 1);
    var place = at(node, operator.start());
    if (operator.is("BETWEEN") && isColumn(left, columns)) {
      value(tokens, i + 1)
          .ifPresent(v -> found.add(new Bound(left.value(), true, true, known(v), place)));
      for (var j = i + 2; j + 1 < tokens.size(); j++) {
        if (tokens.get(j).is("AND")) {
          value(tokens, j + 1)
              .ifPresent(v -> found.add(new Bound(left.value(), false, true, known(v), place)));
          break;
        }
      }
      return;
    }
    if (operator.kind() != Token.Kind.SYMBOL || !operator.text().matches("[<>]=?")) {
      return;
    }
    var greater = operator.text().startsWith(">");
    var inclusive = operator.text().endsWith("=");
    if (isColumn(left, columns)) {
      value(tokens, i + 1)
          .ifPresent(v -> found.add(new Bound(left.value(), greater, inclusive, known(v), place)));
    } else if (isColumn(right, columns)
        && (left.kind() == Token.Kind.STRING || left.kind() == Token.Kind.EXPRESSION)) {
      value(tokens, i - 1)
          .ifPresent(
              v -> found.add(new Bound(right.value(), !greater, inclusive, known(v), place)));
    }
  }

  private static boolean isColumn(Token token, Set<String> columns) {
    return token.isName() && columns.contains(token.value());
  }

  /// A text, perhaps inside a function; `{{` for a parameter.
  private static Optional<String> value(List<Token> tokens, int at) {
    var token = tokens.get(at);
    if (token.kind() == Token.Kind.EXPRESSION) {
      return Optional.of("{{");
    }
    if (token.kind() == Token.Kind.STRING) {
      return Optional.of(token.value().contains("{{") ? "{{" : instant(token.value()));
    }
    return token.kind() == Token.Kind.WORD
            && at + 2 < tokens.size()
            && tokens.get(at + 1).symbol("(")
            && tokens.get(at + 2).kind() != Token.Kind.WORD
        ? value(tokens, at + 2)
        : Optional.empty();
  }

  private static Optional<String> known(String value) {
    return value.equals("{{") ? Optional.empty() : Optional.of(value);
  }

  /// The same text for the same instant, as far as its spelling goes.
  private static String instant(String text) {
    var out = text.strip().replace('T', ' ').replaceFirst("Z$", "").replaceFirst("\\.0+$", "");
    if (out.contains("${")) {
      return text;
    }
    if (out.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
      return out + " 00:00:00";
    }
    return out.matches("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}") ? out + ":00" : out;
  }

  private static Place at(Node node, int offset) {
    var place = node.sqlPlace();
    var before = node.sql().substring(0, offset).lines().count();
    var newLine = offset > 0 && node.sql().charAt(offset - 1) == '\n';
    // A template begins a line later, behind its `%`.
    var line =
        place.line() + (int) before - (before > 0 && !newLine ? 1 : 0) + (node.template() ? 1 : 0);
    return Place.of(place.file(), line);
  }
}
