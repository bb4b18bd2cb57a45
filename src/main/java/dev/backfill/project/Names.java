package dev.backfill.project;

import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Which names a project knows, and which of its files define them (`datafiles.md` 1.1, 6.2).
///
/// @param own Data Sources and Pipes defined here
/// @param shared `workspace.name` of Data Sources shared by others (`vendor/`)
record Names(Set<String> own, Set<String> shared) {
  static final Pattern VALID = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern VENDOR =
      Pattern.compile("vendor/([^/]+)/(?:.*/)?([^/]+)\\.datasource");
  private static final Pattern LOADED_DATASOURCE =
      Pattern.compile("(?:datasources/)?([^/]+)\\.datasource");
  private static final Pattern LOADED_PIPE =
      Pattern.compile("(?:endpoints/|pipes/)?([^/]+)\\.pipe");

  private static final Pattern VERSIONED = Pattern.compile("(.+)__v[0-9]{1,6}");

  private static final Set<String> SERVICE_SPACES =
      Set.of("tinybird", "organization", "system", "information_schema", "INFORMATION_SCHEMA");
  private static final Set<String> SERVICE_TABLES =
      Set.of(
          "datasources_ops_log",
          "pipe_stats",
          "pipe_stats_rt",
          "block_log",
          "data_connectors_log",
          "kafka_ops_log",
          "datasources_storage",
          "endpoint_errors",
          "bi_stats",
          "bi_stats_rt");

  static boolean isDatasourceFile(String path) {
    return LOADED_DATASOURCE.matcher(path).matches();
  }

  static boolean isPipeFile(String path) {
    return LOADED_PIPE.matcher(path).matches();
  }

  /// A datafile in a place from which the Classic client loads nothing.
  static boolean isLeftOut(String path) {
    return (path.endsWith(".datasource") || path.endsWith(".pipe"))
        && !isDatasourceFile(path)
        && !isPipeFile(path)
        && !path.matches("(?:.*/)?(?:vendor|tests|scripts|fixtures|\\.[^/]*)/.*");
  }

  /// The name that a file's path gives its resource: up to the last dot for a Data Source, up to
  /// the first for a Pipe.
  static String of(String path) {
    var base = path.substring(path.lastIndexOf('/') + 1);
    return base.endsWith(".datasource")
        ? base.substring(0, base.length() - ".datasource".length())
        : base.substring(0, base.indexOf('.'));
  }

  /// What stands before `__v` and a number.
  static Optional<String> withoutVersion(String name) {
    var matcher = VERSIONED.matcher(name);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  static Names in(SortedMap<String, String> files) {
    var own = new TreeSet<String>();
    var shared = new TreeSet<String>();
    for (var path : files.keySet()) {
      var vendor = VENDOR.matcher(path);
      if (isDatasourceFile(path) || isPipeFile(path)) {
        own.add(of(path));
      } else if (vendor.matches()) {
        shared.add(vendor.group(1) + "." + vendor.group(2));
        shared.add(vendor.group(2));
      }
    }
    return new Names(own, shared);
  }

  boolean resource(String name) {
    return own.contains(name) || shared.contains(name);
  }

  /// Whether a table of that name can be expected to exist.
  boolean known(String name) {
    int dot = name.indexOf('.');
    return resource(name)
        || SERVICE_TABLES.contains(name)
        || (dot > 0 && SERVICE_SPACES.contains(name.substring(0, dot)))
        || (name.endsWith("_quarantine")
            && resource(name.substring(0, name.length() - "_quarantine".length())));
  }
}
