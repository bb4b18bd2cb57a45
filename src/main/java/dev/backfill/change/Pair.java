package dev.backfill.change;

import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.sql.SqlText;
import dev.backfill.sql.Token;
import dev.backfill.sql.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// An old Data Source and its new version, known by a Pipe that writes one from the other.
///
/// @param source the old one; the same name as the target when a Release held it
/// @param target the new one
/// @param pipe what writes it
/// @param live the Pipe materializes, so rows that arrive follow
/// @param release the old one is named through a Release (`live.events`), which no longer exists
public record Pair(String source, String target, String pipe, boolean live, boolean release) {
  private static final Pattern SUFFIX =
      Pattern.compile("_?[0-9]+|_v[0-9]+|_new|_old|_backup|_bak|_next|_tmp|_temp");
  private static final Pattern PREFIX = Pattern.compile("new_|old_");
  private static final Pattern NUMBERED = Pattern.compile("_?[0-9]+");
  private static final Pattern INSTANT =
      Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}.*");

  /// The pairs of a project. A Materialized View that aggregates or joins isn't one: a pair's rows
  /// go over one by one, either between names that are versions of each other or cut by an instant.
  public static List<Pair> of(Flow flow) {
    var out = new ArrayList<Pair>();
    for (var pipe : flow.project().pipes().values()) {
      of(flow, pipe).ifPresent(out::add);
    }
    return List.copyOf(out);
  }

  private static Optional<Pair> of(Flow flow, Pipe pipe) {
    var node = pipe.writingNode();
    var target = node.flatMap(Node::target);
    var origin = flow.origin(pipe);
    if (node.isEmpty() || target.isEmpty() || origin.isEmpty()) {
      return Optional.empty();
    }
    var live = node.get().kind() == Node.Kind.MATERIALIZED;
    var released = Flow.behindRelease(origin.get().table());
    if (released.isPresent()) {
      return related(released.get(), target.get()) || released.get().equals(target.get())
          ? Optional.of(new Pair(released.get(), target.get(), pipe.name(), live, true))
          : Optional.empty();
    }
    var source = flow.project().dataSource(origin.get().table());
    var into = flow.project().dataSource(target.get());
    if (source.isEmpty() || into.isEmpty() || source.equals(into)) {
      return Optional.empty();
    }
    var same = alike(source.get(), into.get());
    var named = related(source.get().name(), into.get().name());
    // Numbered names are also given to roll-ups, so there a query that aggregates tells nothing.
    var regrouped =
        named && !NUMBERED.matcher(suffix(source.get().name(), into.get().name())).matches();
    var migrates = rowWise(flow, pipe) ? named || (live && cutByInstant(flow, pipe)) : regrouped;
    return same && migrates
        ? Optional.of(new Pair(source.get().name(), into.get().name(), pipe.name(), live, false))
        : Optional.empty();
  }

  /// One name is the other with a version behind it.
  public static boolean related(String a, String b) {
    var shorter = a.length() <= b.length() ? a : b;
    var longer = a.length() <= b.length() ? b : a;
    return (longer.startsWith(shorter) && SUFFIX.matcher(suffix(a, b)).matches())
        || (longer.endsWith(shorter)
            && PREFIX.matcher(longer.substring(0, longer.length() - shorter.length())).matches());
  }

  private static String suffix(String a, String b) {
    var shorter = Math.min(a.length(), b.length());
    return (a.length() > b.length() ? a : b).substring(shorter);
  }

  /// Whether a view carries a whole Data Source over, row by row and nothing left out: another
  /// version of it under whatever name.
  static boolean carriesAll(Flow flow, Pipe pipe) {
    var source = flow.origin(pipe).map(Flow.Origin::table).flatMap(flow.project()::dataSource);
    var into = pipe.writingNode().flatMap(Node::target).flatMap(flow.project()::dataSource);
    return pipe.is(Node.Kind.MATERIALIZED)
        && source.isPresent()
        && into.isPresent()
        && rowWise(flow, pipe)
        && source.get().columns().stream()
                .filter(c -> into.get().column(c.name()).isPresent())
                .count()
            == source.get().columns().size()
        && pipe.nodes().stream()
            .noneMatch(n ->
                n.template()
                    || Tokens.of(Cuts.of(SqlText.normalise(n.sql())).rest()).stream()
                        .anyMatch(t -> t.is("WHERE") || t.is("PREWHERE") || t.is("LIMIT")));
  }

  /// At least half of the columns of both have the same names.
  public static boolean alike(DataSource a, DataSource b) {
    var common =
        a.columns().stream().map(Column::name).filter(c -> b.column(c).isPresent()).count();
    return common * 2 >= Math.max(a.columns().size(), b.columns().size());
  }

  private static boolean rowWise(Flow flow, Pipe pipe) {
    for (var node : pipe.nodes()) {
      var tables = flow.tables(node);
      if (tables.joins()
          || tables.unions()
          || Tokens.of(node.sql()).stream().anyMatch(t -> t.is("GROUP") || t.is("DISTINCT"))) {
        return false;
      }
    }
    return true;
  }

  private static boolean cutByInstant(Flow flow, Pipe pipe) {
    return pipe.nodes().stream()
        .filter(n -> !flow.tables(n).names().isEmpty())
        .flatMap(n -> Tokens.of(n.sql()).stream())
        .anyMatch(t ->
            t.kind() == Token.Kind.STRING
                && (INSTANT.matcher(t.value()).matches() || t.value().contains("${")));
  }
}
