package dev.backfill.plan;

import dev.backfill.change.Derivation;
import dev.backfill.change.Flow;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.ColumnType;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.TablesRead;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Aggregate states that a view makes of a retyped column while its target keeps them as states of
/// the old type. ClickHouse doesn't convert states, so it refuses such a view when it is deployed.
final class StateTypes {
  private static final String STATE = "State";

  private final Flow flow;
  private final DataSource before;
  private final DataSource after;
  private final DataSource target;

  /// @param before the table that starts the views, as it was
  /// @param after the same table, as the views read it from now on
  /// @param target the new definition of what they fill
  StateTypes(Flow flow, DataSource before, DataSource after, DataSource target) {
    this.flow = flow;
    this.before = before;
    this.after = after;
    this.target = target;
  }

  /// What the server would refuse; nothing where it can't be told from the files.
  ///
  /// @param query of the view, self-contained
  List<Problem> of(Pipe view, String query) {
    var out = new ArrayList<Problem>();
    if (view.nodes().stream().anyMatch(Node::template) || TablesRead.of(query).joins()) {
      return out;
    }
    var tokens = Tokens.of(query);
    for (var column : target.columns()) {
      if (column.type().isAggregateState() && !column.type().arguments().isEmpty()) {
        made(view, column, tokens)
            .filter(made -> !made.equals(column.type()))
            .ifPresent(made -> out.add(refused(view, column, made)));
      }
    }
    return out;
  }

  private Problem refused(Pipe view, Column column, ColumnType made) {
    return Problem.error(
        "aggregate_state_type",
        column.place(),
        "%s fills `%s` of %s with %s now, and there it is %s still; ClickHouse refuses such a view."
            .formatted(view.name(), column.name(), target.name(), made, column.type()),
        "Change `%s` of %s to %s in this pull request too."
            .formatted(column.name(), target.name(), made));
  }

  /// The column's type with the new types of the retyped columns it is made of.
  private Optional<ColumnType> made(Pipe view, Column column, List<Token> query) {
    var function = column.type().arguments().getFirst();
    // The state of a count is the same whatever is counted.
    var call = Derivation.expression(view, column.name()).flatMap(Call::of);
    if (function.name().startsWith("count")
        || call.filter(c -> c.function().equals(function.name() + STATE)).isEmpty()) {
      return Optional.empty();
    }
    var types = new ArrayList<>(column.type().arguments());
    var arguments = call.get().arguments();
    for (var i = 1; i < types.size() && i <= arguments.size(); i++) {
      var now = retyped(view, column.name(), arguments.get(i - 1), types.get(i), query);
      if (now.isPresent()) {
        types.set(i, now.get());
      }
    }
    return Optional.of(new ColumnType(column.type().name(), types));
  }

  /// The new type of the table's column that an argument is, when it was `type` before.
  private Optional<ColumnType> retyped(
      Pipe view, String made, String argument, ColumnType type, List<Token> query) {
    var name = column(argument);
    if (name.isEmpty() || renamed(query, name.get()) > (name.get().equals(made) ? 1 : 0)) {
      return Optional.empty();
    }
    var read =
        Derivation.of(flow, view, made, argument)
            .filter(d -> column(d.overTable()).filter(d.column()::equals).isPresent())
            .map(Derivation::column);
    var was = read.flatMap(before::column).map(Column::type);
    var now = read.flatMap(after::column).map(Column::type);
    var same = was.filter(w -> inStates(w).equals(inStates(type))).isPresent();
    return now.filter(n -> same && !inStates(n).equals(inStates(type)));
  }

  /// How often a query calls something by a name: then the name may mean that, not the column.
  private static long renamed(List<Token> query, String name) {
    var out = 0L;
    for (var i = 1; i < query.size(); i++) {
      if (query.get(i - 1).is("AS") && query.get(i).isName() && query.get(i).value().equals(name)) {
        out++;
      }
    }
    return out;
  }

  private static Optional<String> column(String expression) {
    var tokens = Tokens.of(expression);
    var bare = tokens.size() == 1;
    var qualified = tokens.size() == 3 && tokens.get(0).isName() && tokens.get(1).symbol(".");
    return (bare || qualified) && tokens.getLast().isName()
        ? Optional.of(tokens.getLast().value())
        : Optional.empty();
  }

  /// Types that ClickHouse doesn't tell apart in a state become equal (tried on the engine).
  static ColumnType inStates(ColumnType type) {
    var inner = type.arguments().stream().map(StateTypes::inStates).toList();
    return switch (type.name()) {
      case "LowCardinality" -> inner.getFirst();
      case "Bool" -> ColumnType.of("UInt8");
      case "DateTime" -> ColumnType.of("DateTime");
      case "DateTime64" -> new ColumnType("DateTime64", inner.stream().limit(1).toList());
      case "Decimal" -> new ColumnType("Decimal", inner.stream().skip(1).toList());
      default -> new ColumnType(type.name(), inner);
    };
  }

  /// One call of an aggregate function.
  private record Call(String function, List<String> arguments) {

    /// Empty when the expression is anything else.
    static Optional<Call> of(String expression) {
      var tokens = Tokens.of(expression);
      if (tokens.size() < 3 || !tokens.getFirst().isName()) {
        return Optional.empty();
      }
      var open = 1;
      var close = closing(tokens, open);
      if (close > 0 && close + 1 < tokens.size()) {
        // What stood in the first brackets were parameters.
        open = close + 1;
        close = closing(tokens, open);
      }
      if (close != tokens.size() - 1) {
        return Optional.empty();
      }
      var inside = expression.substring(tokens.get(open).end(), tokens.get(close).start());
      return Optional.of(new Call(tokens.getFirst().value(), SqlText.splitTopLevel(inside, ',')));
    }

    private static int closing(List<Token> tokens, int open) {
      var depth = 0;
      for (var i = open; i < tokens.size(); i++) {
        if (tokens.get(i).symbol("(")) {
          depth++;
        } else if (tokens.get(i).symbol(")")) {
          depth--;
        }
        if (depth == 0) {
          return i == open ? -1 : i;
        }
      }
      return -1;
    }
  }
}
