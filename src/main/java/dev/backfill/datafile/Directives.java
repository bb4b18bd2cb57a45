package dev.backfill.datafile;

import java.util.Set;

/// The directives the clients know (`datafiles.md` 1.4, 2, 3).
final class Directives {
  private Directives() {}

  /// Know no such thing in Classic; accepted with a warning.
  static final Set<String> FORWARD =
      Set.of("FORWARD_QUERY", "BACKFILL", "DEPLOYMENT_METHOD", "ON_DEMAND_COMPUTE", "CACHE");

  /// Parsed by the client and then never used.
  static final Set<String> UNUSED =
      Set.of(
          "FROM",
          "SOURCE",
          "MAINTAINER",
          "TEST",
          "PARTITION_KEY",
          "SORTING_KEY",
          "PRIMARY_KEY",
          "SAMPLING_KEY",
          "TTL");

  /// Only make sense in a `.datasource`.
  static final Set<String> DATASOURCE_ONLY =
      Set.of("SCHEMA", "INDEXES", "INDICES", "SHARED_WITH", "FORWARD_QUERY", "BACKFILL");

  /// Only make sense in a `.pipe`.
  static final Set<String> PIPE_ONLY =
      Set.of(
          "NODE",
          "SQL",
          "TYPE",
          "DATASOURCE",
          "TARGET_DATASOURCE",
          "COPY_SCHEDULE",
          "COPY_MODE",
          "MODE",
          "DEPLOYMENT_METHOD",
          "ON_DEMAND_COMPUTE",
          "CACHE");

  /// What may stand behind `TYPE`.
  static final Set<String> NODE_TYPES =
      Set.of("standard", "endpoint", "materialized", "copy", "sink", "stream");

  static final Set<String> NEED_BLOCK = Set.of("SCHEMA", "INDEXES", "INDICES", "SQL");

  static final Set<String> ENGINE_OPTIONS =
      Set.of(
          "ENGINE_PARTITION_KEY",
          "ENGINE_SORTING_KEY",
          "ENGINE_PRIMARY_KEY",
          "ENGINE_SAMPLING_KEY",
          "ENGINE_TTL",
          "ENGINE_SETTINGS",
          "ENGINE_VER",
          "ENGINE_IS_DELETED",
          "ENGINE_COLUMNS",
          "ENGINE_SIGN",
          "ENGINE_VERSION",
          "ENGINE_JOIN_STRICTNESS",
          "ENGINE_JOIN_TYPE",
          "ENGINE_KEY_COLUMNS");

  private static final Set<String> OTHERS =
      Set.of(
          "DESCRIPTION",
          "TOKEN",
          "TAGS",
          "VERSION",
          "INCLUDE",
          "SETTINGS",
          "ENGINE",
          "KAFKA_CONNECTION_NAME",
          "KAFKA_TOPIC",
          "KAFKA_GROUP_ID",
          "KAFKA_BOOTSTRAP_SERVERS",
          "KAFKA_KEY",
          "KAFKA_SECRET",
          "KAFKA_SCHEMA_REGISTRY_URL",
          "KAFKA_AUTO_OFFSET_RESET",
          "KAFKA_TARGET_PARTITIONS",
          "KAFKA_STORE_RAW_VALUE",
          "KAFKA_STORE_HEADERS",
          "KAFKA_STORE_BINARY_HEADERS",
          "KAFKA_KEY_FORMAT",
          "KAFKA_VALUE_FORMAT",
          "KAFKA_KEY_AVRO_DESERIALIZATION",
          "KAFKA_SSL_CA_PEM",
          "KAFKA_SASL_MECHANISM",
          "IMPORT_SERVICE",
          "IMPORT_CONNECTION_NAME",
          "IMPORT_BUCKET_URI",
          "IMPORT_SCHEDULE",
          "IMPORT_STRATEGY",
          "IMPORT_FROM_TIMESTAMP",
          "IMPORT_EXTERNAL_DATASOURCE",
          "IMPORT_QUERY",
          "IMPORT_TABLE_ARN",
          "IMPORT_EXPORT_BUCKET",
          "EXPORT_SERVICE",
          "EXPORT_CONNECTION_NAME",
          "EXPORT_SCHEDULE",
          "EXPORT_BUCKET_URI",
          "EXPORT_FILE_TEMPLATE",
          "EXPORT_FORMAT",
          "EXPORT_COMPRESSION",
          "EXPORT_WRITE_STRATEGY",
          "EXPORT_STRATEGY",
          "EXPORT_KAFKA_TOPIC",
          "SCOPE",
          "RESOURCE",
          "FILTER");

  static boolean known(String name) {
    return OTHERS.contains(name)
        || ENGINE_OPTIONS.contains(name)
        || PIPE_ONLY.contains(name)
        || DATASOURCE_ONLY.contains(name)
        || UNUSED.contains(name)
        || FORWARD.contains(name);
  }

  /// Looks like a directive that nobody knows, e.g. `ENGINE_SORT_KEY`.
  static boolean resembles(String name) {
    return name.startsWith("ENGINE_")
        || name.startsWith("KAFKA_")
        || name.startsWith("IMPORT_")
        || name.startsWith("EXPORT_");
  }
}
