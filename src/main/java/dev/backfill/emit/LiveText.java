package dev.backfill.emit;

import dev.backfill.plan.Feed;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.project.DataSource;
import dev.backfill.project.ProjectReader;
import dev.backfill.sql.Quote;
import dev.backfill.sql.SqlText;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Whether the SQL of a live Pipe is what a deployment of the plan left, the cutover aside. A
/// deployment from another commit or an edit in the workspace may have made something else of it,
/// and nothing else would show that.
public final class LiveText {
  private static final Pattern DOLLAR = Pattern.compile("\\$\\$|\\$\\{\\w+\\}");
  private static final String INSTANT = "[0-9][0-9 :.\\-]*";

  /// No character of any text.
  private static final String CUTOVER = "\uFDD0";

  private LiveText() {}

  /// @param columns names and types of the live source
  /// @param sql of the node that feeds the target
  /// @return empty for a feed whose text isn't kept by the plan
  public static Optional<Boolean> isSync(
      PlanCore core, Migration migration, SortedMap<String, String> columns, String sql) {
    return texts(migration, columns)
        .map(t -> same(t.sync(core.cutover()), "sync_" + migration.target(), sql));
  }

  /// The same for the Copy Pipe.
  public static Optional<Boolean> isBackfill(
      Migration migration, SortedMap<String, String> columns, String sql) {
    return texts(migration, columns)
        .map(t -> same(t.backfill(), "backfill_" + migration.target(), sql));
  }

  private static Optional<PipeTexts> texts(Migration migration, Map<String, String> columns) {
    return migration.liveFeed().kind() == Feed.Live.Kind.SYNC
            && migration.seam().isEmpty()
            && !migration.projection().isEmpty()
        ? source(columns).map(d -> new PipeTexts(migration, d))
        : Optional.empty();
  }

  private static Optional<DataSource> source(Map<String, String> columns) {
    var schema =
        columns.entrySet().stream()
            .map(c -> "    " + Quote.identifier(c.getKey()) + " " + c.getValue())
            .collect(Collectors.joining(",\n", "SCHEMA >\n", "\n"));
    return ProjectReader.read(new TreeMap<>(Map.of("datasources/live.datasource", schema)))
        .dataSource("live");
  }

  private static boolean same(String file, String name, String live) {
    var emitted =
        ProjectReader.read(new TreeMap<>(Map.of("pipes/" + name + ".pipe", file)))
            .pipe(name)
            .orElseThrow()
            .nodes()
            .getLast()
            .sql();
    // as the client sends it: `$$` is `$`, and a variable is the cutover
    var sent = DOLLAR.matcher(emitted).replaceAll(d -> d.group().equals("$$") ? "\\$" : CUTOVER);
    var pattern =
        Stream.of(SqlText.normalise(sent).split(CUTOVER, -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(INSTANT));
    var text = live.strip().replaceFirst("^%\\s*\\n", "");
    return Pattern.compile(pattern).matcher(SqlText.normalise(text)).matches();
  }
}
