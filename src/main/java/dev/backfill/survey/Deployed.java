package dev.backfill.survey;

import dev.backfill.sql.Quote;
import dev.backfill.sql.TablesRead;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.util.Collections;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What a workspace holds and the files don't say: names that are taken there, and views that write
/// one Data Source from another.
///
/// @param names of Data Sources and Pipes that no file defines
/// @param files datafiles of those views and of the Data Sources they stand between, as far as no
///   file defines them; by the path they would have
public record Deployed(Set<String> names, SortedMap<String, String> files) {
  /// No workspace was asked.
  public static final Deployed NOTHING = new Deployed(Set.of(), new TreeMap<>());

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  public Deployed {
    names = Set.copyOf(names);
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /// Asks for every name, and for what is behind those that are views.
  ///
  /// @param known names that the files define, ours of an open migration among them
  /// @throws dev.backfill.failure.Failure.Remote when the workspace can't be read
  public static Deployed of(Tinybird tinybird, Set<String> known) {
    var names = new TreeSet<>(tinybird.dataSourceNames());
    var files = new TreeMap<String, String>();
    for (var pipe : tinybird.pipes()) {
      if (known.contains(pipe.name()) || pipe.name().startsWith("backfill_lease_")) {
        continue;
      }
      names.add(pipe.name());
      for (var node : pipe.nodes()) {
        node.materialized()
            .flatMap(tinybird::dataSource)
            .ifPresent(into -> view(tinybird, pipe, node, into, known, files));
      }
    }
    names.removeAll(known);
    return new Deployed(names, files);
  }

  private static void view(
      Tinybird tinybird,
      LivePipe pipe,
      LivePipe.LiveNode node,
      LiveDataSource into,
      Set<String> known,
      SortedMap<String, String> files) {
    var from = read(node.sql());
    if (from.isEmpty() || !NAME.matcher(pipe.name()).matches()) {
      return;
    }
    for (var name : from) {
      if (!known.contains(name)) {
        tinybird.dataSource(name).ifPresent(d -> put(d, files));
      }
    }
    if (!known.contains(into.name())) {
      put(into, files);
    }
    var text = new StringBuilder();
    for (var each : pipe.nodes()) {
      text.append("NODE ").append(each.name()).append("\nSQL >\n");
      each.sql().lines().forEach(line -> text.append("    ").append(line).append('\n'));
      if (each.equals(node)) {
        text.append("TYPE materialized\nDATASOURCE ").append(into.name()).append('\n');
      }
    }
    files.put("pipes/" + pipe.name() + ".pipe", text.toString());
  }

  private static Set<String> read(String sql) {
    try {
      return Set.copyOf(TablesRead.of(sql).names());
    } catch (IllegalArgumentException _) {
      return Set.of(); // nobody can tell
    }
  }

  private static void put(LiveDataSource d, SortedMap<String, String> files) {
    if (!NAME.matcher(d.name()).matches()) {
      return;
    }
    var text = new StringBuilder("SCHEMA >\n");
    var separator = "";
    for (var column : d.columns()) {
      text.append(separator)
          .append("    ")
          .append(Quote.identifier(column.name()))
          .append(' ')
          .append(column.type());
      separator = ",\n";
    }
    files.put(
        "datasources/" + d.name() + ".datasource", text.append("\nENGINE MergeTree\n").toString());
  }
}
