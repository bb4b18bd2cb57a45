package dev.backfill.change;

import dev.backfill.project.Column;
import dev.backfill.project.Column.DefaultKind;
import dev.backfill.project.Node;
import java.util.Locale;

/// What changes are called in reports, and what was and is as text.
final class ChangeText {
  private ChangeText() {}

  static String word(Node.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  static String list(Iterable<String> names) {
    return String.join(", ", names);
  }

  static String kind(Change change) {
    return switch (change) {
      case Change.DataSourceAdded _ -> "data_source_added";
      case Change.DataSourceRemoved _ -> "data_source_removed";
      case Change.FileRenamed _ -> "file_renamed";
      case Change.NotComparable _ -> "not_comparable";
      case Change.KeyChanged c -> c.key().name().toLowerCase(Locale.ROOT) + "_key";
      case Change.EngineChanged _ -> "engine";
      case Change.EngineOptionChanged c -> "engine_" + c.option().name().toLowerCase(Locale.ROOT);
      case Change.EngineSettingsChanged _ -> "engine_settings";
      case Change.TtlChanged _ -> "ttl";
      case Change.ColumnAdded _ -> "column_added";
      case Change.ColumnDropped _ -> "column_dropped";
      case Change.ColumnRenamed _ -> "column_renamed";
      case Change.ColumnsReordered _ -> "columns_reordered";
      case Change.ColumnTypeChanged _ -> "column_type";
      case Change.DefaultChanged _ -> "default";
      case Change.JsonPathChanged _ -> "json_path";
      case Change.CodecChanged _ -> "codec";
      case Change.IndexesChanged _ -> "indexes";
      case Change.DescriptionChanged _ -> "description";
      case Change.TagsChanged _ -> "tags";
      case Change.TokensChanged _ -> "tokens";
      case Change.TokenFileChanged _ -> "token_file";
      case Change.ConnectorChanged _ -> "connector";
      case Change.SharingChanged _ -> "sharing";
      case Change.LegacyVersionChanged _ -> "legacy_version";
      case Change.PipeAdded _ -> "pipe_added";
      case Change.PipeRemoved _ -> "pipe_removed";
      case Change.PipeKindChanged _ -> "pipe_role";
      case Change.TargetChanged _ -> "target";
      case Change.QueryChanged _ -> "query";
      case Change.RunChanged c ->
          c.setting().equals("mode")
              ? "copy_mode"
              : c.setting().equals("schedule") ? "schedule" : "sink_setting";
    };
  }

  static String before(Change change) {
    return value(change, true);
  }

  static String after(Change change) {
    return value(change, false);
  }

  private static String value(Change change, boolean before) {
    return switch (change) {
      case Change.DataSourceAdded c -> before ? "" : c.after().name();
      case Change.DataSourceRemoved c -> before ? c.before().name() : "";
      case Change.FileRenamed c -> before ? c.from() : c.to();
      case Change.NotComparable c -> before ? c.problem().message() : "";
      case Change.KeyChanged c -> list(before ? c.before() : c.after());
      case Change.EngineChanged c -> before ? c.before() : c.after();
      case Change.EngineOptionChanged c -> (before ? c.before() : c.after()).orElse("");
      case Change.EngineSettingsChanged c -> (before ? c.before() : c.after()).orElse("");
      case Change.TtlChanged c -> (before ? c.before() : c.after()).orElse("");
      case Change.ColumnAdded c -> before ? "" : column(c.after());
      case Change.ColumnDropped c -> before ? column(c.before()) : "";
      case Change.ColumnRenamed c -> column(before ? c.before() : c.after());
      case Change.ColumnsReordered c -> list(before ? c.before() : c.after());
      case Change.ColumnTypeChanged c -> column(before ? c.before() : c.after());
      case Change.DefaultChanged c -> defaultOf(before ? c.before() : c.after());
      case Change.JsonPathChanged c -> (before ? c.before() : c.after()).jsonPath().orElse("");
      case Change.CodecChanged c -> (before ? c.before() : c.after()).codec().orElse("");
      case Change.IndexesChanged c -> before ? c.before() : c.after();
      case Change.DescriptionChanged c -> before ? c.before() : c.after();
      case Change.TagsChanged c -> list(before ? c.before() : c.after());
      case Change.TokensChanged c -> before ? c.before() : c.after();
      case Change.TokenFileChanged c -> before ? c.before() : c.after();
      case Change.ConnectorChanged c ->
          (before ? c.was() : c.is()).map(v -> c.name() + " " + v).orElse("");
      case Change.SharingChanged c -> list(before ? c.before() : c.after());
      case Change.LegacyVersionChanged c ->
          (before ? c.before() : c.after()).map(Object::toString).orElse("");
      case Change.PipeAdded c -> before ? "" : c.after().name();
      case Change.PipeRemoved c -> before ? c.before().name() : "";
      case Change.PipeKindChanged c -> word(before ? c.was() : c.is());
      case Change.TargetChanged c -> before ? c.was() : c.is();
      case Change.QueryChanged c -> before ? c.was() : c.is();
      case Change.RunChanged c -> before ? c.was() : c.is();
    };
  }

  private static String column(Column column) {
    return column.name() + " " + column.type();
  }

  private static String defaultOf(Column column) {
    return column.defaultKind() == DefaultKind.NONE
        ? ""
        : column.name() + " " + column.defaultKind() + " " + column.defaultExpression();
  }
}
