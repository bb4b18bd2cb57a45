package dev.backfill.plan;

import dev.backfill.change.Change;
import dev.backfill.change.Derivation;
import dev.backfill.change.Flow;
import dev.backfill.change.Pair;
import dev.backfill.plan.Bounds.Bound;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.sql.Template;
import dev.backfill.sql.TemplateException;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Looks for mistakes in sync and Copy Pipes that people write by hand, where a mistake loses or
/// doubles rows. What isn't understood isn't reported.
final class PairLint {
  /// Functions that throw for a text that isn't what they read.
  private static final Pattern THROWS =
      Pattern.compile(
          "to(u?int(8|16|32|64|128|256)|float(32|64)|decimal(32|64|128|256)|date|date32|datetime"
              + "|datetime64|uuid|ipv4|ipv6|bool)|cast|accuratecast|parsedatetime\\w*");

  private static final Pattern THROWING_TYPE =
      Pattern.compile("(?i)U?Int|Float|Decimal|Date|UUID|IPv|Bool|Nullable|Array|Map|Enum");

  private static final Pattern HARMLESS_PARSE = Pattern.compile("parsedatetime\\w*or(null|zero)");

  private static final Pattern STARTS = Pattern.compile("(?i)start|from|since|begin");
  private static final Pattern ENDS = Pattern.compile("(?i)end|(^|_)to(_|$)|until");
  private static final Pattern COPY_RUN =
      Pattern.compile("\\bpipe\\s+copy\\s+run\\s+[\"']?(\\w+)([^\n]*)");
  private static final String CONTINUED = "\u001f";
  private static final Pattern SPREAD = Pattern.compile("(?<![=\\w\"'])[\"']?\\$");
  private static final Pattern PARAMETER = Pattern.compile("--param[ =]+[\"']?(\\w+)=");

  private final Flow head;
  private final List<Change> changes;
  private final Set<String> ours;
  private final List<Problem> out = new ArrayList<>();

  private PairLint(Flow head, List<Change> changes, Set<String> ours) {
    this.head = head;
    this.changes = changes;
    this.ours = ours;
  }

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
    head.project()
        .dataSource(target)
        .ifPresent(into -> live.forEach(p -> inserts(p, source.get(), into)));
    var columns = new TreeSet<String>();
    source.get().columns().forEach(c -> columns.add(c.name()));
    // A condition may name what a column is called in the result.
    head.project()
        .dataSource(target)
        .ifPresent(d -> d.columns().forEach(c -> columns.add(c.name())));
    for (var copy : copies) {
      chunks(copy, columns);
      types(copy, columns, source.get());
      scripts(copy);
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
            Bounds.at(node, firstNamed(node, target)),
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
        if (i > 0
            && tokens.get(i).symbol("::")
            && isText(tokens.get(i - 1), source)
            && THROWING_TYPE.matcher(tokens.get(i + 1).text()).lookingAt()) {
          throwing(pipe, node, tokens.get(i), "::" + tokens.get(i + 1).text(), source);
        }
        var function = tokens.get(i).text().toLowerCase(Locale.ROOT);
        if (tokens.get(i).kind() != Token.Kind.WORD
            || !tokens.get(i + 1).symbol("(")
            || !THROWS.matcher(function).matches()
            || HARMLESS_PARSE.matcher(function).matches()) {
          continue;
        }
        if (arguments(tokens, i + 1).stream().anyMatch(t -> isText(t, source))) {
          throwing(pipe, node, tokens.get(i), tokens.get(i).text() + "()", source);
        }
      }
    }
  }

  /// Columns that are passed on as they are, into a column of another type.
  private void inserts(Pipe sync, DataSource source, DataSource into) {
    var place = sync.writingNode().map(Node::sqlPlace).orElse(sync.place());
    for (var column : into.columns()) {
      var from =
          Derivation.of(head, sync, column.name())
              .filter(d -> Tokens.of(d.overTable()).size() == 1)
              .flatMap(d -> source.column(d.column()));
      if (from.isEmpty() || from.get().type().equals(column.type())) {
        continue;
      }
      var what =
          "`%s` %s goes into %s of %s as it is"
              .formatted(from.get().name(), from.get().type(), column.type(), into.name());
      if (Implicit.mayThrow(from.get().type(), column.type())) {
        warning(
            "pair_cast_may_throw",
            place,
            "%s: %s, which throws for some values; then every insert into %s fails."
                .formatted(sync.name(), what, source.name()),
            "Convert it by a form that never throws, like accurateCastOrNull or"
                + " accurateCastOrDefault.");
      } else if (Implicit.wraps(from.get().type(), column.type())) {
        warning(
            "pair_values_wrap",
            place,
            "%s: %s; a number that doesn't fit becomes another one.".formatted(sync.name(), what),
            "Convert it by accurateCastOrNull or accurateCastOrDefault.");
      }
    }
  }

  private void throwing(Pipe pipe, Node node, Token at, String how, DataSource source) {
    warning(
        "pair_cast_may_throw",
        Bounds.at(node, at.start()),
        "%s converts a text by %s, which throws for some; then every insert into %s fails."
            .formatted(pipe.name(), how, source.name()),
        "Use a form that never throws, like accurateCastOrNull or accurateCastOrDefault.");
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
    var parameters =
        Bounds.of(copy, columns).certain().stream().filter(b -> b.value().isEmpty()).toList();
    swapped(copy, parameters);
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

  /// A range from its end to its start holds nothing, and a copy of nothing succeeds.
  private void swapped(Pipe copy, List<Bound> parameters) {
    for (var lower : parameters) {
      for (var upper : parameters) {
        if (lower.lower()
            && !upper.lower()
            && lower.column().equals(upper.column())
            && lower.parameter().isPresent()
            && (lower.parameter().equals(upper.parameter())
                || (lower.parameter().filter(n -> ENDS.matcher(n).find()).isPresent()
                    && upper.parameter().filter(n -> STARTS.matcher(n).find()).isPresent()))) {
          warning(
              "pair_parameters_swapped",
              lower.place(),
              "%s takes rows from %s to %s, which are none."
                  .formatted(copy.name(), lower.parameter().get(), upper.parameter().orElse("")),
              "Write `>= start AND < end`.");
          return;
        }
      }
    }
  }

  /// A time where a number is expected is taken for its seconds.
  private void types(Pipe copy, Set<String> columns, DataSource source) {
    var types = parameters(copy);
    Bounds.of(copy, columns).certain().stream()
        .filter(b -> b.parameter().map(types::get).filter(t -> t.startsWith("Date")).isPresent())
        .filter(b ->
            source
                .column(b.column())
                .filter(c -> c.type().bare().name().matches("U?Int[0-9]+|Float.*|Decimal.*"))
                .isPresent())
        .findFirst()
        .ifPresent(b ->
            warning(
                "pair_parameter_type",
                b.place(),
                "%s compares %s, a number, with the time in %s."
                    .formatted(copy.name(), b.column(), b.parameter().orElse("")),
                "Give the parameter the column's type."));
  }

  private static Map<String, String> parameters(Pipe copy) {
    var out = new TreeMap<String, String>();
    for (var node : copy.nodes()) {
      try {
        if (node.template()) {
          out.putAll(Template.parameters("%" + node.sql()));
        }
      } catch (TemplateException e) {
        // the platform's own words about it are better
      }
    }
    return out;
  }

  /// What scripts of the project give when they run the copy, against what it asks for.
  private void scripts(Pipe copy) {
    var asked = parameters(copy);
    for (var script : head.project().files().entrySet()) {
      if (!script.getKey().endsWith(".sh")) {
        continue;
      }
      // a continued line stays one, and is counted as two
      var text = script.getValue().replace("\\\n", CONTINUED);
      var calls = COPY_RUN.matcher(text);
      while (calls.find()) {
        if (!calls.group(1).equals(copy.name())) {
          continue;
        }
        var before = text.substring(0, calls.start());
        var line = 1 + (int) before.replace(CONTINUED, "\n").chars().filter(c -> c == '\n').count();
        var given = new TreeSet<String>();
        var rest = PARAMETER.matcher(calls.group(2));
        while (rest.find()) {
          given.add(rest.group(1));
        }
        var unknown = given.stream().filter(name -> !asked.containsKey(name)).findFirst();
        if (unknown.isEmpty()) {
          missing(copy, given, calls.group(2), Place.of(script.getKey(), line));
        }
        unknown.ifPresent(name ->
            warning(
                "pair_parameter_unknown",
                Place.of(script.getKey(), line),
                "%s is run with %s, which it doesn't use: it copies other rows than meant."
                    .formatted(copy.name(), name),
                asked.isEmpty()
                    ? "Take the parameter out, or use it in the Pipe."
                    : "It knows " + String.join(", ", asked.keySet()) + "."));
      }
    }
  }

  /// A range of which one end isn't given.
  private void missing(Pipe copy, Set<String> given, String arguments, Place call) {
    if (SPREAD.matcher(arguments).find()) {
      return; // more words may come out of a variable
    }
    var sql = copy.nodes().stream().map(Node::sql).collect(Collectors.joining("\n"));
    var columns = new TreeSet<String>();
    head.project().dataSources().values().stream()
        .flatMap(d -> d.columns().stream())
        .forEach(c -> columns.add(c.name()));
    Bounds.of(copy, columns).certain().stream()
        .flatMap(b -> b.parameter().stream())
        .filter(name -> !given.contains(name) && !optional(sql, name))
        .findFirst()
        .ifPresent(name ->
            warning(
                "pair_parameter_missing",
                call,
                "%s is run without %s, which bounds what it copies, and there is no default for it."
                    .formatted(copy.name(), name),
                "Give it: --param " + name + "=VALUE."));
  }

  /// Whether the Pipe asks if it is given, or says what it is otherwise.
  private static boolean optional(String sql, String parameter) {
    var name = "[\"']?" + Pattern.quote(parameter) + "[\"']?";
    return Pattern.compile("defined\\s*\\(\\s*" + name + "\\s*\\)").matcher(sql).find()
        || Pattern.compile("\\(\\s*" + name + "\\s*,\\s*(?:default\\s*=|(?!\\w+\\s*=))")
            .matcher(sql)
            .find();
  }

  private static String written(Bound bound) {
    return bound.value().orElse("") + (bound.zone().isEmpty() ? "" : " " + bound.zone());
  }

  private void seam(Pipe live, Pipe copy, Set<String> columns) {
    var from =
        Bounds.of(live, columns).certain().stream()
            .filter(b -> b.lower() && b.value().isPresent())
            .findFirst();
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
        Bounds.of(copy, columns).certain().stream()
            .filter(b -> !b.lower() && b.value().isPresent() && b.column().equals(cut.column()))
            // one of two zones is the column's own, which may be the other
            .filter(b -> b.zone().isEmpty() == cut.zone().isEmpty())
            .toList();
    if (ends.isEmpty()) {
      return;
    }
    var same =
        ends.stream()
            .filter(b -> b.value().equals(cut.value()) && b.zone().equals(cut.zone()))
            .findFirst();
    if (same.isEmpty()) {
      warning(
          "pair_cut_differs",
          ends.getFirst().place(),
          "%s copies up to %s, and %s begins at %s: rows between are lost or doubled."
              .formatted(copy.name(), written(ends.getFirst()), live.name(), written(cut)),
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
            && !apart(Bounds.of(a, columns), Bounds.of(b, columns))) {
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

  private static boolean apart(Bounds first, Bounds second) {
    return first.doubtful()
        || second.doubtful()
        || before(first.certain(), second.certain())
        || before(second.certain(), first.certain());
  }

  private static boolean before(List<Bound> first, List<Bound> second) {
    return first.stream()
        .filter(b -> !b.lower() && b.value().isPresent())
        .anyMatch(end ->
            second.stream()
                .filter(b -> b.lower() && b.value().isPresent())
                .filter(b -> b.column().equals(end.column()))
                .anyMatch(start -> ends(end, start)));
  }

  private static boolean ends(Bound end, Bound start) {
    var until = end.value().orElse("");
    var from = start.value().orElse("");
    if (!end.zone().isEmpty() && !start.zone().isEmpty() && !end.zone().equals(start.zone())) {
      return farApart(until, from);
    }
    var order = until.compareTo(from);
    return order < 0 || (order == 0 && !(end.inclusive() && start.inclusive()));
  }

  /// Whether one comes before the other in whatever zones they are written.
  private static boolean farApart(String until, String from) {
    try {
      return !LocalDateTime.parse(until.replace(' ', 'T'))
          .plusHours(26)
          .isAfter(LocalDateTime.parse(from.replace(' ', 'T')));
    } catch (DateTimeParseException _) {
      return true;
    }
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
}
