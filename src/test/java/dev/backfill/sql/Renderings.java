package dev.backfill.sql;

import dev.backfill.sql.TemplateNode.Expression;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// What a template can become: every way through its branches as far as there aren't too many,
/// loops taken once and not at all, expressions as a value of their type.
final class Renderings {
  private static final int MOST = 64;

  private Renderings() {}

  static Set<String> of(String body) {
    var all = new LinkedHashSet<String>();
    for (var text : ways(TemplateParser.parse(body))) {
      all.add(text);
    }
    return all;
  }

  private static List<String> ways(List<TemplateNode> nodes) {
    var ways = List.of("");
    for (var node : nodes) {
      var next = ways(node);
      var longer = new ArrayList<String>();
      for (var before : ways) {
        for (var after : next) {
          longer.add(before + after);
        }
      }
      ways = longer.size() <= MOST ? longer : oneWayEach(ways, next);
    }
    return ways;
  }

  /// Every branch at least once, though not with every other.
  private static List<String> oneWayEach(List<String> before, List<String> after) {
    var out = new ArrayList<String>();
    for (var i = 0; i < Math.max(before.size(), after.size()); i++) {
      out.add(before.get(i % before.size()) + after.get(i % after.size()));
    }
    return out;
  }

  private static List<String> ways(TemplateNode node) {
    return switch (node) {
      case TemplateNode.Text(var text) -> List.of(text);
      case TemplateNode.Output(var value) -> List.of(written(value));
      case TemplateNode.Assign _ -> List.of("");
      case TemplateNode.Loop(_, _, var body) -> {
        var ways = new ArrayList<>(ways(body));
        ways.addFirst("");
        yield ways;
      }
      case TemplateNode.Choice(var branches) -> {
        var ways = new ArrayList<String>();
        branches.forEach(b -> ways.addAll(ways(b.body())));
        var last = branches.getLast().condition();
        if (!(last instanceof Expression.Constant(TemplateValue.Truth(var truth)) && truth)) {
          ways.add("");
        }
        yield ways;
      }
    };
  }

  private static String written(Expression value) {
    if (value instanceof Expression.Call call) {
      var function = call.function();
      return switch (function) {
        case "table", "TABLE" ->
            call.arguments().getFirst() instanceof Expression.Constant(TemplateValue.Text(var name))
                ? name
                : "dynamic_table";
        case "column", "columns", "Column", "symbol", "Symbol" -> "some_column";
        case "Array" -> "['v']";
        case "sql_and" -> "1 = 1";
        case "max_threads", "cache_ttl", "backend_hint", "activate" -> "";
        default -> function.matches("U?Int.*|Float.*|Boolean") ? "1" : "'v'";
      };
    }
    return "'v'";
  }
}
