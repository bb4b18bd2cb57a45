import dev.backfill.local.LocalWorkspace;
import dev.backfill.local.engine.Engine;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// Ingestion and copies of the local workspace beside the same statements on the raw engine,
/// interleaved in one run, and how long a workspace takes from start to its first answer.
final class Local {
  private static final int BATCH = 10_000;
  private static final int BATCHES = Integer.getInteger("batches", 20);
  private static final int ROUNDS = Integer.getInteger("rounds", 5);
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static String url = "";
  private static String token = "";

  public static void main(String[] arguments) throws Exception {
    var folder = Files.createTempDirectory("bench-local");
    var begin = System.nanoTime();
    try (var engine = Engine.open(folder.resolve("engine"))) {
      var booted = System.nanoTime();
      var starts = new ArrayList<Double>();
      for (var i = 0; i < ROUNDS; i++) {
        var from = System.nanoTime();
        try (var one = LocalWorkspace.start(engine, 0, folder.resolve("w" + i), Optional.empty())) {
          url = one.url();
          token = one.token();
          send("GET", "/v0/workspace", "");
          starts.add(seconds(from));
        }
      }
      System.out.printf(
          "engine %.2f s, then start to first answer %.3f s (median of %d)%n",
          (booted - begin) / 1e9, median(starts), ROUNDS);
      try (var workspace =
          LocalWorkspace.start(engine, 0, folder.resolve("main"), Optional.empty())) {
        url = workspace.url();
        token = workspace.token();
        measure(engine);
      }
    }
  }

  private static void measure(Engine engine) throws Exception {
    for (var name : List.of("events", "twin")) {
      send(
          "POST",
          "/v0/datasources?format=ndjson&engine=MergeTree&engine_sorting_key="
              + (name.equals("twin") ? "action,id" : "id")
              + "&name="
              + name
              + "&schema="
              + encode("`id` UInt64 `json:$.id`, `action` String `json:$.action`, `amount` Float64 `json:$.amount`"),
          "");
    }
    send(
        "POST",
        "/v0/pipes",
        "{\"name\":\"copy\",\"nodes\":[{\"name\":\"n\",\"type\":\"copy\",\"target_datasource\":\"twin\",\"sql\":\"SELECT id, action, amount FROM events\"}]}");
    try (var session = engine.session()) {
      session.run("CREATE DATABASE raw");
      session.run(
          "CREATE TABLE raw.events (id UInt64, action String, amount Float64) ENGINE = MergeTree ORDER BY id");
      session.run(
          "CREATE TABLE raw.twin (id UInt64, action String, amount Float64) ENGINE = MergeTree ORDER BY (action, id)");
      var text = new StringBuilder();
      for (var i = 0; i < BATCH; i++) {
        text.append("{\"id\":").append(i).append(",\"action\":\"action").append(i % 50);
        text.append("\",\"amount\":").append(i * 0.25).append("}\n");
      }
      var lines = text.toString().getBytes(StandardCharsets.UTF_8);
      var ingest = new ArrayList<Double>();
      var copy = new ArrayList<Double>();
      for (var round = 0; round < ROUNDS; round++) {
        var from = System.nanoTime();
        for (var i = 0; i < BATCHES; i++) {
          session.insert("INSERT INTO raw.events (id, action, amount)", "JSONEachRow", lines);
        }
        var raw = seconds(from);
        from = System.nanoTime();
        for (var i = 0; i < BATCHES; i++) {
          send("POST", "/v0/events?wait=true&name=events", text.toString());
        }
        var ours = seconds(from);
        ingest.add(raw / ours);
        System.out.printf(
            "ingest: raw %,.0f rows/s, ours %,.0f rows/s, %.2fx%n",
            BATCH * BATCHES / raw, BATCH * BATCHES / ours, raw / ours);
        var rows = (round + 1) * BATCH * BATCHES;
        session.run("TRUNCATE TABLE raw.twin");
        from = System.nanoTime();
        session.run("INSERT INTO raw.twin SELECT id, action, amount FROM raw.events");
        raw = seconds(from);
        send("POST", "/v0/datasources/twin/truncate", "");
        from = System.nanoTime();
        var job = send("POST", "/v0/pipes/copy/copy?_mode=append", "");
        var id = job.replaceAll("(?s).*\"job_id\":\"([^\"]*)\".*", "$1");
        while (!send("GET", "/v0/jobs/" + id, "").contains("\"status\":\"done\"")) {
          Thread.sleep(1);
        }
        ours = seconds(from);
        copy.add(raw / ours);
        System.out.printf(
            "copy of %,d: raw %.3f s, ours %.3f s, %.2fx%n", rows, raw, ours, raw / ours);
      }
      System.out.printf(
          "medians: ingest %.2fx, copy %.2fx of the raw engine's rate%n",
          median(ingest), median(copy));
    }
  }

  private static double seconds(long from) {
    return (System.nanoTime() - from) / 1e9;
  }

  private static double median(List<Double> values) {
    Collections.sort(values);
    return values.get(values.size() / 2);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String send(String method, String path, String body) throws Exception {
    var answer =
        CLIENT.send(
            HttpRequest.newBuilder(URI.create(url + path))
                .header("Authorization", "Bearer " + token)
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() >= 300) {
      throw new IllegalStateException(path + ": " + answer.statusCode() + " " + answer.body());
    }
    return answer.body();
  }
}
