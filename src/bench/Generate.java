import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/// Writes a git repository as a `git fast-import` stream: a data project of N datafiles on `main`,
/// and `head` with twenty changes of the kinds people make. The same N gives the same bytes.
///
/// Of 20 files, 7 are Data Sources (4 landing, 3 targets), 3 materialized Pipes, 1 copy Pipe, 9
/// endpoints of two nodes, half of them templates: about the mix and the sizes of the public
/// projects.
public final class Generate {
  private static final int FILES_A_GROUP = 20;

  private Generate() {}

  public static void main(String[] args) throws IOException {
    var groups = Integer.parseInt(args[0]) / FILES_A_GROUP;
    var base = new TreeMap<String, String>();
    for (var group = 0; group < groups; group++) {
      group(base, group);
    }
    base.put(".tinyenv", "VERSION=1.0.0\n");
    var head = new TreeMap<>(base);
    change(head, groups);
    try (var out = new BufferedOutputStream(System.out)) {
      commit(out, "main", base, null);
      commit(out, "head", head, base);
    }
  }

  private static void group(TreeMap<String, String> files, int g) {
    for (var i = 0; i < 4; i++) {
      files.put("datasources/landing_" + g + "_" + i + ".datasource", landing(i));
    }
    for (var i = 0; i < 3; i++) {
      files.put("datasources/daily_" + g + "_" + i + ".datasource", target());
      files.put("pipes/mv_" + g + "_" + i + ".pipe", materialized(g, i));
    }
    files.put("pipes/copy_" + g + ".pipe", copy(g));
    for (var i = 0; i < 9; i++) {
      files.put("endpoints/api_" + g + "_" + i + ".pipe", endpoint(g, i));
    }
  }

  private static String landing(int i) {
    var columns = new StringBuilder();
    for (var c = 0; c < 12; c++) {
      columns.append("    `field_%d` %s `json:$.field_%d`,\n".formatted(
          c,
          switch (c % 4) {
            case 0 -> "String";
            case 1 -> "LowCardinality(String)";
            case 2 -> "Nullable(Float64)";
            default -> "UInt32 DEFAULT 0";
          },
          c));
    }
    return """
        DESCRIPTION >
            Events of kind %d as the producers send them

        SCHEMA >
            `timestamp` DateTime `json:$.timestamp`,
            `user_id` String `json:$.user_id`,
        %s    `payload` String `json:$.payload`

        ENGINE "MergeTree"
        ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
        ENGINE_SORTING_KEY "timestamp, user_id"
        """
        .formatted(i, columns);
  }

  private static String target() {
    return """
        SCHEMA >
            `day` Date,
            `user_id` String,
            `events` AggregateFunction(count),
            `amount` AggregateFunction(sum, Float64)

        ENGINE "AggregatingMergeTree"
        ENGINE_PARTITION_KEY "toYYYYMM(day)"
        ENGINE_SORTING_KEY "day, user_id"
        """;
  }

  private static String materialized(int g, int i) {
    return """
        NODE prepared
        SQL >
            SELECT timestamp, user_id, ifNull(field_2, 0) AS amount FROM landing_%d_%d WHERE user_id != ''

        NODE aggregated
        SQL >
            SELECT toDate(timestamp) AS day, user_id, countState() AS events, sumState(amount) AS amount
            FROM prepared
            GROUP BY day, user_id

        TYPE materialized
        DATASOURCE daily_%d_%d
        """
        .formatted(g, i, g, i);
  }

  private static String copy(int g) {
    return """
        NODE copied
        SQL >
            %%
            SELECT * FROM landing_%d_0 WHERE timestamp >= {{DateTime(since, '2024-01-01 00:00:00')}}

        TYPE copy
        TARGET_DATASOURCE landing_%d_3
        COPY_MODE append
        COPY_SCHEDULE @on-demand
        """
        .formatted(g, g);
  }

  private static String endpoint(int g, int i) {
    var template = i % 2 == 0;
    return """
        TOKEN "read" READ

        DESCRIPTION >
            What dashboard %d of team %d shows

        NODE filtered
        SQL >
            %s
            WITH (SELECT max(day) FROM daily_%d_%d) AS latest
            SELECT d.day, d.user_id, countMerge(d.events) AS events, sumMerge(d.amount) AS amount
            FROM daily_%d_%d AS d
            LEFT JOIN (SELECT user_id, any(field_0) AS name FROM landing_%d_%d GROUP BY user_id) AS n
              ON n.user_id = d.user_id
            WHERE d.day > latest - INTERVAL 30 DAY %s
            GROUP BY d.day, d.user_id

        NODE result
        SQL >
            SELECT day, uniq(user_id) AS users, sum(events) AS events, round(sum(amount), 2) AS amount
            FROM filtered
            GROUP BY day
            ORDER BY day
        """
        .formatted(
            i,
            g,
            template ? "%" : "-- all users",
            g,
            i % 3,
            g,
            i % 3,
            g,
            i % 4,
            template
                ? "{% if defined(user) %} AND d.user_id = {{String(user)}} {% end %}"
                : "AND d.user_id != 'nobody'");
  }

  /// Twenty changes: an in-place edit of a landing key, additions, two new endpoints,
  /// queries of endpoints, formatting.
  private static void change(TreeMap<String, String> files, int groups) {
    var step = Math.max(1, groups / 20);
    files.computeIfPresent(
        "datasources/landing_0_0.datasource",
        (path, text) -> text.replace("\"timestamp, user_id\"", "\"user_id, timestamp\""));
    for (var i = 1; i <= 8; i++) {
      files.computeIfPresent(
          "endpoints/api_" + i * step + "_1.pipe",
          (path, text) -> text.replace("INTERVAL 30 DAY", "INTERVAL 60 DAY"));
    }
    for (var i = 9; i <= 13; i++) {
      files.computeIfPresent(
          "endpoints/api_" + i * step + "_2.pipe",
          (path, text) -> text.replace("GROUP BY day\n", "GROUP  BY\n      day\n"));
    }
    for (var i = 14; i <= 16; i++) {
      files.computeIfPresent(
          "datasources/landing_" + i * step + "_2.datasource",
          (path, text) ->
              text.replace(
                  "    `payload` String `json:$.payload`",
                  "    `payload` String `json:$.payload`,\n    `extra` Nullable(String) `json:$.extra`"));
    }
    files.computeIfPresent(
        "endpoints/api_" + 17 * step + "_8.pipe",
        (path, text) -> text.replace("What dashboard", "All that dashboard"));
    files.put("endpoints/fresh.pipe", endpoint(18 * step, 0).replace("AS users", "AS people"));
    files.put("endpoints/newer.pipe", endpoint(19 * step, 1).replace("ORDER BY day", "ORDER BY users"));
  }

  private static void commit(
      OutputStream out, String branch, TreeMap<String, String> files, TreeMap<String, String> from)
      throws IOException {
    var mark = from == null ? 1 : 2;
    write(out, "commit refs/heads/" + branch + "\nmark :" + mark + "\n");
    write(out, "committer bench <bench@example.com> 1700000000 +0000\n");
    data(out, branch);
    if (from != null) {
      write(out, "from :1\ndeleteall\n");
    }
    for (var file : files.entrySet()) {
      write(out, "M 100644 inline " + file.getKey() + "\n");
      data(out, file.getValue());
    }
  }

  private static void data(OutputStream out, String text) throws IOException {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    write(out, "data " + bytes.length + "\n");
    out.write(bytes);
    write(out, "\n");
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
  }
}
