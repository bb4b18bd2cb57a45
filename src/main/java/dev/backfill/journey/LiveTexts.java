package dev.backfill.journey;

import dev.backfill.emit.LiveText;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.tinybird.LiveDataSource;
import dev.backfill.tinybird.LiveDataSource.LiveColumn;
import dev.backfill.tinybird.LivePipe;
import dev.backfill.tinybird.Tinybird;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// Compares what is live with what the plan wrote: other deployments, and people in the workspace,
/// may have changed it since.
final class LiveTexts {
  private final PlanCore core;
  private final Tinybird tinybird;

  LiveTexts(PlanCore core, Tinybird tinybird) {
    this.core = core;
    this.tinybird = tinybird;
  }

  /// Why not to go on, one sentence each. What isn't there is for others to say.
  List<String> reasons() {
    var out = new ArrayList<String>();
    for (var migration : core.direct()) {
      pipe(migration.liveFeed().pipe())
          .flatMap(sync -> edited(migration, sync))
          .ifPresent(
              why -> out.add(migration.liveFeed().pipe() + " isn't what the plan wrote: " + why));
      pipe(migration.historyFeed().pipe())
          .filter(copy -> !isBackfill(migration, copy))
          .ifPresent(copy ->
              out.add(
                  copy.name()
                      + " isn't what the plan wrote: its SQL is another one, so its guards may be"
                      + " gone. Deploy the plan's commit again"));
      tinybird.dataSource(migration.target()).flatMap(t -> key(migration, t)).ifPresent(out::add);
    }
    return out;
  }

  private Optional<LivePipe> pipe(String name) {
    return name.isEmpty() ? Optional.empty() : tinybird.pipe(name);
  }

  /// Why the sync Pipe isn't the plan's.
  Optional<String> edited(Migration migration, LivePipe sync) {
    var sql =
        sync.nodes().stream()
            .filter(n -> n.materialized().isPresent())
            .map(LivePipe.LiveNode::sql)
            .findFirst();
    return sql.flatMap(s -> columns(migration).flatMap(c -> LiveText.isSync(core, migration, c, s)))
            .orElse(true)
        ? Optional.empty()
        : Optional.of(
            "its SQL is another one, so rows may be left out or changed on their way. Deploy the"
                + " plan's commit again");
  }

  private boolean isBackfill(Migration migration, LivePipe copy) {
    return copy.nodes().isEmpty()
        || columns(migration)
            .flatMap(c -> LiveText.isBackfill(migration, c, copy.nodes().getLast().sql()))
            .orElse(true);
  }

  private Optional<SortedMap<String, String>> columns(Migration migration) {
    return tinybird
        .dataSource(migration.source())
        .map(LiveDataSource::columns)
        .map(columns -> {
          var out = new TreeMap<String, String>();
          for (LiveColumn column : columns) {
            out.put(column.name(), column.type());
          }
          return out;
        });
  }

  private static Optional<String> key(Migration migration, LiveDataSource target) {
    var planned = plain(String.join(",", migration.sortingKey()));
    var live = plain(target.sortingKey());
    return live.isEmpty() || planned.equals(live)
        ? Optional.empty()
        : Optional.of(
            "%s is sorted by %s, the plan says %s; another deployment made it"
                .formatted(
                    target.name(), target.sortingKey(), String.join(", ", migration.sortingKey())));
  }

  private static String plain(String key) {
    return key.replaceAll("[\\s`()\"]|^tuple", "").toLowerCase(Locale.ROOT);
  }
}
