package dev.backfill.local;

import dev.backfill.datafile.ColumnSyntax;
import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.DatafileParser;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// A Data Source as it was asked for.
///
/// @param id `t_` and 32 hex digits
/// @param engine `engine`, `engine_sorting_key`, ... as in the form that made it
/// @param tags `backfill_column` and the like
/// @param indexes name to `expression TYPE type GRANULARITY n`
record Definition(
    String id,
    String name,
    String description,
    List<Col> columns,
    Map<String, String> engine,
    Map<String, String> indexes,
    String format,
    Map<String, String> tags,
    String createdAt,
    String updatedAt) {

  private static final Set<String> ENGINES =
      Set.of(
          "MergeTree",
          "ReplacingMergeTree",
          "SummingMergeTree",
          "AggregatingMergeTree",
          "CollapsingMergeTree",
          "VersionedCollapsingMergeTree",
          "Null");

  private static final Pattern SETTING =
      Pattern.compile(
          "(index_granularity(_bytes)?|ttl_only_drop_parts|merge_with_ttl_timeout"
              + "|min_(bytes|rows)_for_wide_part|non_replicated_deduplication_window"
              + "|parts_to_(throw|delay)_insert|allow_nullable_key)\\s*=\\s*\\d+");

  private static final Pattern INDEX =
      Pattern.compile("(?i:INDEX\\s+)?(\\w+)\\s+(\\S.*\\sTYPE\\s+\\S.*?),?");

  Definition {
    columns = List.copyOf(columns);
    engine = Map.copyOf(engine);
    indexes = Map.copyOf(indexes);
    tags = Map.copyOf(tags);
  }

  /// The same with other tags.
  Definition tagged(Map<String, String> changed, String now) {
    return new Definition(
        id, name, description, columns, engine, indexes, format, changed, createdAt, now);
  }

  /// A column.
  ///
  /// @param jsonPath empty when it has none
  /// @param kind empty, DEFAULT or MATERIALIZED
  /// @param expression of the kind
  /// @param codec empty, or what stands inside `CODEC(...)`
  record Col(
      String name, String type, String jsonPath, String kind, String expression, String codec) {

    boolean nullable() {
      return type.startsWith("Nullable(") || type.startsWith("LowCardinality(Nullable(");
    }

    boolean insertable() {
      return !kind.equals("MATERIALIZED");
    }

    /// As a CREATE TABLE says it.
    String ddl() {
      return Sql.identifier(name)
          + " "
          + Sql.piece(type)
          + (kind.isEmpty() ? "" : " " + kind + " " + Sql.piece(expression))
          + (codec.isEmpty() ? "" : " CODEC(" + Sql.piece(codec) + ")");
    }

    /// As the client's canonical schema says it.
    String schema() {
      return "`"
          + name
          + "` "
          + type
          + (jsonPath.isEmpty() ? "" : " `json:" + jsonPath + "`")
          + (kind.isEmpty() ? "" : " " + kind + " " + expression)
          + (codec.isEmpty() ? "" : " CODEC(" + codec + ")");
    }
  }

  /// The same under another name.
  Definition renamed(String other) {
    return new Definition(
        id, other, description, columns, engine, indexes, format, tags, createdAt, updatedAt);
  }

  /// As a datafile.
  String datafile() {
    var text = new StringBuilder();
    if (!description.isEmpty()) {
      text.append("DESCRIPTION >\n    ").append(indented(description)).append("\n\n");
    }
    if (!tags.isEmpty()) {
      var list = tags.entrySet().stream().map(t -> t.getKey() + "=" + t.getValue()).toList();
      text.append("TAGS \"").append(String.join(", ", list)).append("\"\n\n");
    }
    text.append("SCHEMA >\n    ")
        .append(String.join(",\n    ", columns.stream().map(Col::schema).toList()))
        .append("\n");
    if (!engine.isEmpty()) {
      text.append("\nENGINE \"").append(option("engine")).append("\"\n");
      engine.entrySet().stream()
          .filter(e -> !e.getKey().equals("engine") && !e.getValue().isBlank())
          .sorted(Map.Entry.comparingByKey())
          .forEach(e ->
              text.append(e.getKey().toUpperCase(Locale.ROOT))
                  .append(" \"")
                  .append(e.getValue())
                  .append("\"\n"));
    }
    if (!indexes.isEmpty()) {
      text.append("\nINDEXES >\n");
      indexes.forEach((index, as) ->
          text.append("    INDEX ").append(index).append(' ').append(as).append('\n'));
    }
    return text.toString();
  }

  static String indented(String lines) {
    return lines.strip().replace("\n", "\n    ");
  }

  String schema() {
    return String.join(", ", columns.stream().map(Col::schema).toList());
  }

  Optional<Col> column(String wanted) {
    return columns.stream().filter(c -> c.name().equals(wanted)).findFirst();
  }

  /// @throws Refusal 400 when it can't be read
  static List<Col> columns(String schema) {
    var text = "SCHEMA >\n    " + schema.strip().replaceAll("\\s*\\R\\s*", " ") + "\n";
    var parsed = DatafileParser.parse("definition.datasource", text);
    if (!(parsed.file() instanceof DatasourceFile file) || file.columns().isEmpty()) {
      throw new Refusal(400, "the schema can't be read: " + schema);
    }
    if (parsed.broken()) {
      throw new Refusal(400, "the schema can't be read: " + parsed.problems());
    }
    return file.columns().stream().map(Definition::column).toList();
  }

  /// Reads `name expression TYPE type GRANULARITY n`, one per line; `0` is none.
  ///
  /// @throws Refusal 400 when a line isn't one
  static Map<String, String> indexes(String text) {
    var indexes = new LinkedHashMap<String, String>();
    if (!text.strip().equals("0")) {
      for (var line : text.lines().filter(l -> !l.isBlank()).toList()) {
        var found = INDEX.matcher(line.strip());
        if (!found.matches()) {
          throw new Refusal(400, "not an index: " + line);
        }
        indexes.put(found.group(1), Sql.piece(found.group(2)));
      }
    }
    return indexes;
  }

  private static Col column(ColumnSyntax column) {
    var kind =
        switch (column.kind()) {
          case NONE -> "";
          case DEFAULT -> "DEFAULT";
          case MATERIALIZED -> "MATERIALIZED";
          case ALIAS -> throw new Refusal(400, "ALIAS is not supported: " + column.name());
        };
    return new Col(
        column.name(),
        column.type().orElse(""),
        column.jsonPath().orElse(""),
        kind,
        column.expression(),
        column.codec().orElse(""));
  }

  private String option(String key) {
    return engine.getOrDefault(key, "").strip();
  }

  String family() {
    var written = option("engine").replaceAll("\\(.*", "");
    if (written.isEmpty()) {
      return "MergeTree";
    }
    return ENGINES.stream()
        .filter(known -> known.equalsIgnoreCase(written))
        .findFirst()
        .orElseThrow(() -> new Refusal(400, "the engine " + written + " is not supported"));
  }

  boolean stores() {
    return !family().equals("Null");
  }

  String partitionKey() {
    return option("engine_partition_key");
  }

  String ttl() {
    return option("engine_ttl");
  }

  private String arguments() {
    return switch (family()) {
      case "ReplacingMergeTree" -> joined("engine_ver", "engine_is_deleted");
      case "SummingMergeTree" ->
          option("engine_columns").isEmpty() ? "" : "(" + Sql.piece(option("engine_columns")) + ")";
      case "CollapsingMergeTree" -> joined("engine_sign");
      case "VersionedCollapsingMergeTree" -> joined("engine_sign", "engine_version");
      default -> "";
    };
  }

  private String joined(String... keys) {
    var given = new ArrayList<String>();
    for (var key : keys) {
      if (!option(key).isEmpty()) {
        given.add(Sql.piece(option(key)));
      }
    }
    return String.join(", ", given);
  }

  /// `CREATE TABLE` of it.
  String create(String database) {
    var entries = new ArrayList<>(columns.stream().map(Col::ddl).toList());
    indexes.forEach((index, text) -> entries.add("INDEX " + Sql.identifier(index) + " " + text));
    var columnList = String.join(", ", entries);
    var sql =
        new StringBuilder("CREATE TABLE ")
            .append(Sql.identifier(database))
            .append('.')
            .append(Sql.identifier(name))
            .append(" (")
            .append(columnList)
            .append(") ENGINE = ")
            .append(family());
    if (!stores()) {
      return sql.toString();
    }
    sql.append('(').append(arguments()).append(')');
    clause(sql, " PARTITION BY ", key("engine_partition_key"));
    clause(sql, " PRIMARY KEY ", key("engine_primary_key"));
    var sorting = key("engine_sorting_key");
    sql.append(" ORDER BY ").append(sorting.isEmpty() ? "tuple()" : sorting);
    clause(sql, " SAMPLE BY ", Sql.piece(option("engine_sampling_key")));
    clause(sql, " TTL ", Sql.piece(ttl()));
    clause(sql, " SETTINGS ", settings());
    return sql.toString();
  }

  /// Some settings name disks, so only those that are known are taken.
  private String settings() {
    var text = Sql.piece(option("engine_settings"));
    for (var one : text.isEmpty() ? List.<String>of() : List.of(text.split(",", -1))) {
      if (!SETTING.matcher(one.strip()).matches()) {
        throw new Refusal(501, "the engine setting is not served: " + one.strip());
      }
    }
    return text;
  }

  private String key(String option) {
    var key = Sql.piece(option(option));
    return key.isEmpty() || key.equals("\"\"") || key.replace(" ", "").equals("tuple()")
        ? ""
        : "(" + key + ")";
  }

  private static void clause(StringBuilder sql, String word, String value) {
    if (!value.isEmpty()) {
      sql.append(word).append(value);
    }
  }

  /// `CREATE TABLE` of the place for rows that don't fit.
  String createQuarantine(String database) {
    var list = new ArrayList<String>();
    columns.forEach(c -> list.add(Sql.identifier(c.name()) + " Nullable(String)"));
    return "CREATE TABLE "
        + Sql.identifier(database)
        + "."
        + Sql.identifier(name + "_quarantine")
        + " (c__error_column Array(String), c__error Array(String), c__import_id Nullable(String),"
        + " insertion_date DateTime DEFAULT now(), "
        + String.join(", ", list)
        + ") ENGINE = MergeTree ORDER BY tuple()";
  }

  /// What the API says of it.
  Map<String, Object> json(Optional<long[]> rowsAndBytes, long quarantined) {
    var json = Json.map();
    json.put("id", id);
    json.put("name", name);
    json.put("description", description);
    json.put("type", format);
    json.put("service", "");
    json.put("connector", "");
    json.put("created_at", createdAt);
    json.put("updated_at", updatedAt);
    var statistics = Json.map();
    statistics.put("row_count", rowsAndBytes.map(s -> (Object) s[0]).orElse(0L));
    statistics.put("bytes", rowsAndBytes.map(s -> (Object) s[1]).orElse(0L));
    json.put("statistics", statistics);
    var engineJson = new LinkedHashMap<String, Object>();
    engine.forEach(engineJson::put);
    engineJson.put("engine", family());
    for (var key : List.of("sorting_key", "partition_key", "primary_key", "ttl")) {
      engineJson.put(key, option("engine_" + key));
      engineJson.put("engine_" + key, option("engine_" + key));
    }
    json.put("engine", engineJson);
    json.put("columns", columns.stream().map(Definition::json).toList());
    json.put(
        "schema",
        Map.of("sql_schema", schema(), "columns", columns.stream().map(Definition::json).toList()));
    json.put("indexes", indexes.entrySet().stream().map(Definition::index).toList());
    json.put("tags", tags);
    json.put("shared_with", List.of());
    json.put("used_by", List.of());
    json.put("quarantine_rows", quarantined);
    return json;
  }

  private static Map<String, Object> index(Map.Entry<String, String> index) {
    var parts = index.getValue().split("(?i)\\s+(TYPE|GRANULARITY)\\s+");
    var json = Json.map();
    json.put("name", index.getKey());
    json.put("expr", parts[0]);
    json.put("type_full", parts[1]);
    json.put("granularity", parts.length > 2 ? Integer.parseInt(parts[2].strip()) : 1);
    return json;
  }

  private static Map<String, Object> json(Col column) {
    var json = Json.map();
    json.put("name", column.name());
    json.put("normalized_name", column.name());
    json.put("type", column.type());
    json.put("nullable", column.nullable());
    json.put("jsonpath", column.jsonPath().isEmpty() ? null : column.jsonPath());
    json.put("codec", column.codec().isEmpty() ? null : "CODEC(" + column.codec() + ")");
    json.put(
        "default_value",
        column.kind().isEmpty() ? null : column.kind() + " " + column.expression());
    return json;
  }
}
