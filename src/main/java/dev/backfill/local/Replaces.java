package dev.backfill.local;

import dev.backfill.local.Staging.Takeover;
import dev.backfill.local.engine.EngineException;
import dev.backfill.sql.Tokens;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Files that take the place of what is in a Data Source (API reference 5.3).
///
/// A whole replace swaps the table; what the views behind it then hold is open [?], so a fault
/// decides. A conditional one works on whole partitions, those of the new rows, and reaches the
/// views' targets [D][O]. Rows that arrive in between are lost, as on the platform [D].
final class Replaces {
  private static final String PAYLOAD = "_payload";
  private final Core core;
  private final Ingest ingest;
  private final Queries queries;
  private final Logs logs;
  private final Staging staging;

  Replaces(Core core, Ingest ingest, Queries queries, Logs logs, Staging staging) {
    this.core = core;
    this.ingest = ingest;
    this.queries = queries;
    this.logs = logs;
    this.staging = staging;
  }

  /// @param condition empty to replace everything
  /// @param skipIncompatible leave targets alone that are partitioned otherwise
  Ingest.Done replace(
      Space space, Definition definition, Rows rows, String condition, boolean skipIncompatible) {
    var id = Clock.uuid();
    var fits = Sql.piece(condition).strip();
    if (!definition.stores()) {
      throw new Refusal(400, "the Data Source " + definition.name() + " keeps no rows");
    }
    try {
      if (fits.isEmpty()) {
        whole(space, definition, rows, id);
      } else {
        partitions(space, definition, rows, id, fits, skipIncompatible);
      }
    } catch (EngineException e) {
      throw Sql.refusal(e);
    }
    ingest.quarantine(space, definition, rows);
    logs.operation(
        space,
        "replace",
        definition,
        Map.of(
            "rows",
            rows.size(),
            "written_rows",
            rows.size(),
            "rows_quarantine",
            rows.bad().size(),
            "import_id",
            id));
    return new Ingest.Done(rows.size(), rows.bad().size());
  }

  private void whole(Space space, Definition definition, Rows rows, String id) {
    staging.write(
        space,
        order(id, definition, new Takeover.Swap(core.faults.replaceCascades())),
        (session, scratch) -> ingest.insert(session, scratch, definition.name(), definition, rows),
        Staging.Steps.NONE);
  }

  private static Staging.Order order(String id, Definition definition, Takeover takeover) {
    return new Staging.Order(
        id, definition.name(), Optional.empty(), takeover, Map.of(), Long.MAX_VALUE);
  }

  private void partitions(
      Space space,
      Definition definition,
      Rows rows,
      String id,
      String condition,
      boolean skipIncompatible) {
    core.columns(
        space,
        queries.expanded(
            space,
            "SELECT 1 FROM " + Sql.identifier(definition.name()) + " WHERE (" + condition + "\n)"));
    namesPartitionKey(definition, condition);
    var except = incompatible(space, definition);
    if (!except.isEmpty() && !skipIncompatible) {
      throw new Refusal(
          400,
          "Materialized Views behind the Data Source have another partition key: "
              + String.join(", ", except)
              + "; skip_incompatible_partition_key leaves them alone");
    }
    var scratch = Sql.identifier(Journal.scratch(core, id));
    var payload = scratch + "." + PAYLOAD;
    var columns =
        String.join(
            ", ",
            definition.columns().stream()
                .filter(Definition.Col::insertable)
                .map(c -> Sql.identifier(c.name()))
                .toList());
    var fits = " WHERE (" + condition + "\n)";
    staging.write(
        space,
        order(
            id,
            definition,
            new Takeover.Partitions(
                () ->
                    core.run(space, "SELECT DISTINCT _partition_id FROM " + payload + fits)
                        .text()
                        .lines()
                        .toList(),
                except)),
        (session, database) -> {
          session.run("CREATE TABLE " + payload + " AS " + Sql.identifier(definition.name()));
          ingest.insert(session, database, PAYLOAD, definition, rows);
          var into =
              "INSERT INTO "
                  + scratch
                  + "."
                  + Sql.identifier(definition.name())
                  + " ("
                  + columns
                  + ") SELECT "
                  + columns
                  + " FROM ";
          session.run(into + payload + fits);
          session.run(
              into
                  + Sql.identifier(definition.name())
                  + " WHERE _partition_id IN (SELECT _partition_id FROM "
                  + payload
                  + fits
                  + ") AND NOT ("
                  + condition
                  + "\n)");
        },
        Staging.Steps.NONE);
  }

  private static void namesPartitionKey(Definition definition, String condition) {
    var named = new HashSet<String>();
    Tokens.of(condition).forEach(token -> named.add(token.text().replace("`", "")));
    var key = definition.partitionKey();
    var columns =
        Tokens.of(key).stream()
            .map(token -> token.text().replace("`", ""))
            .filter(text -> definition.column(text).isPresent())
            .toList();
    if (!named.containsAll(columns)) {
      throw new Refusal(
          400, "the condition must name the partition key of the Data Source: " + key);
    }
  }

  private Set<String> incompatible(Space space, Definition definition) {
    var except = new HashSet<String>();
    for (var one : staging.reached(space, definition.name())) {
      space
          .dataSource(one.name())
          .filter(source -> one.target().isEmpty())
          .filter(source -> !plain(source.partitionKey()).equals(plain(definition.partitionKey())))
          .ifPresent(source -> except.add(source.name()));
    }
    return except;
  }

  private static List<String> plain(String key) {
    return Tokens.of(key).stream()
        .map(token -> token.text().toLowerCase(Locale.ROOT).replace("`", ""))
        .toList();
  }
}
