import dev.backfill.local.LocalWorkspace;
import dev.backfill.local.engine.Engine;
import dev.backfill.local.engine.Session;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// Ingestion and copies of the local workspace beside the same statements on the raw engine, in
/// turn, and how long a workspace takes from start to its first answer.
///
/// The raw side is this process calling the engine on one session that stays open: no HTTP, no
/// judging of records, no job, no journal. Both get the same bytes. Rounds before the first counted
/// one warm the JVM up. `best` compares the fastest of each side: on a busy machine it says more
/// than the medians.
final class Local {
  private static final int BATCH = Integer.getInteger("batch", 10_000);
  private static final int BATCHES = Integer.getInteger("batches", 100);
  private static final int ROUNDS = Integer.getInteger("rounds", 11);
  private static final int WARM = Integer.getInteger("warm", 500);
  private static final List<Integer> ROWS = List.of(200_000, 400_000, 1_000_000);
  private static Socket connection = new Socket();
  private static InputStream answers = InputStream.nullInputStream();
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
          send("GET", "/v0/workspace");
          starts.add(seconds(from));
        }
      }
      System.out.printf(
          "engine %.2f s, then start to first answer %.3f s (median of %d)%n",
          (booted - begin) / 1e9, median(starts), ROUNDS);
      try (var workspace =
              LocalWorkspace.start(engine, 0, folder.resolve("main"), Optional.empty());
          var session = engine.session()) {
        url = workspace.url();
        token = workspace.token();
        tables(session);
        ingest(session);
        for (var rows : ROWS) {
          copy(session, rows);
          branch(rows);
        }
      }
    }
    var load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    System.out.printf("load of the last minute: %.1f%n", load);
  }

  private static void tables(Session session) throws Exception {
    for (var name : List.of("events", "twin")) {
      send(
          "POST",
          "/v0/datasources?format=ndjson&engine=MergeTree&engine_sorting_key="
              + (name.equals("twin") ? "action,id" : "id")
              + "&name="
              + name
              + "&schema="
              + encode("`id` UInt64 `json:$.id`, `action` String `json:$.action`, `amount` Float64 `json:$.amount`"));
    }
    send(
        "POST",
        "/v0/pipes",
        "{\"name\":\"copy\",\"nodes\":[{\"name\":\"n\",\"type\":\"copy\",\"target_datasource\":\"twin\",\"sql\":\"SELECT id, action, amount FROM events\"}]}"
            .getBytes(StandardCharsets.UTF_8));
    session.run("CREATE DATABASE raw");
    session.run(
        "CREATE TABLE raw.events (id UInt64, action String, amount Float64) ENGINE = MergeTree ORDER BY id");
    session.run(
        "CREATE TABLE raw.twin (id UInt64, action String, amount Float64) ENGINE = MergeTree ORDER BY (action, id)");
  }

  private static byte[] lines() {
    var text = new StringBuilder();
    for (var i = 0; i < BATCH; i++) {
      text.append("{\"id\":").append(i).append(",\"action\":\"action").append(i % 50);
      text.append("\",\"amount\":").append(i * 0.25).append("}\n");
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void ingest(Session session) throws Exception {
    var lines = lines();
    var raw = new ArrayList<Double>();
    var ours = new ArrayList<Double>();
    for (var i = -WARM; i < BATCHES; i++) {
      var from = System.nanoTime();
      session.insert("INSERT INTO raw.events (id, action, amount)", "JSONEachRow", lines);
      var between = System.nanoTime();
      send("POST", "/v0/events?wait=true&name=events", lines);
      if (i >= 0) {
        raw.add((between - from) / 1e9);
        ours.add(seconds(between));
      }
    }
    System.out.printf(
        "ingest by %,d: raw %,.0f rows/s, ours %,.0f rows/s, medians of %d: %.2fx, best %.1f and %.1f ms, %.2fx%n",
        BATCH,
        BATCH / median(raw),
        BATCH / median(ours),
        BATCHES,
        median(raw) / median(ours),
        1000 * Collections.min(raw),
        1000 * Collections.min(ours),
        Collections.min(raw) / Collections.min(ours));
  }

  private static void copy(Session session, int rows) throws Exception {
    send("POST", "/v0/datasources/events/truncate");
    session.run("TRUNCATE TABLE raw.events");
    var lines = lines();
    for (var i = 0; i < rows / BATCH; i++) {
      session.insert("INSERT INTO raw.events (id, action, amount)", "JSONEachRow", lines);
      send("POST", "/v0/events?wait=true&name=events", lines);
    }
    var raw = new ArrayList<Double>();
    var ours = new ArrayList<Double>();
    for (var i = -3; i < ROUNDS; i++) {
      session.run("TRUNCATE TABLE raw.twin");
      var from = System.nanoTime();
      session.run("INSERT INTO raw.twin SELECT id, action, amount FROM raw.events");
      var took = seconds(from);
      send("POST", "/v0/datasources/twin/truncate");
      from = System.nanoTime();
      var job = send("POST", "/v0/pipes/copy/copy?_mode=append");
      // asking costs processor time that the copy needs, so not before it may be done
      Thread.sleep(ours.isEmpty() ? 0 : (long) (750 * Collections.min(ours)));
      ended(job);
      if (i >= 0) {
        raw.add(took);
        ours.add(seconds(from));
      }
    }
    System.out.printf(
        "copy of %,d: raw %.3f s, ours %.3f s, medians of %d: %.2fx, best %.3f and %.3f s, %.2fx%n",
        rows,
        median(raw),
        median(ours),
        ROUNDS,
        median(raw) / median(ours),
        Collections.min(raw),
        Collections.min(ours),
        Collections.min(raw) / Collections.min(ours));
  }

  /// A branch with all rows of the two Data Sources: as long for more of them.
  private static void branch(int rows) throws Exception {
    var took = new ArrayList<Double>();
    for (var i = -2; i < ROUNDS; i++) {
      var from = System.nanoTime();
      ended(send("POST", "/v0/environments?name=b&data=all_partitions"));
      if (i >= 0) {
        took.add(seconds(from));
      }
      send("DELETE", "/v0/environments/b");
    }
    System.out.printf(
        "branch of 2 Data Sources with all of %,d rows each: %.3f s, median of %d, best %.3f s%n",
        rows, median(took), ROUNDS, Collections.min(took));
  }

  private static void ended(String job) throws Exception {
    var id = job.replaceAll("(?s).*\"job_id\":\"([^\"]*)\".*", "$1");
    while (!send("GET", "/v0/jobs/" + id).contains("\"status\":\"done\"")) {
      Thread.sleep(1);
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

  private static String send(String method, String path) throws Exception {
    return send(method, path, new byte[0]);
  }

  /// On one connection that stays open, without a client library's threads.
  private static String send(String method, String path, byte[] body) throws IOException {
    if (connection.isClosed() || connection.getPort() != URI.create(url).getPort()) {
      connection.close();
      connection = new Socket(InetAddress.getLoopbackAddress(), URI.create(url).getPort());
      connection.setTcpNoDelay(true);
      answers = new BufferedInputStream(connection.getInputStream());
    }
    var head =
        "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
            .formatted(method, path, token, body.length)
            .getBytes(StandardCharsets.UTF_8);
    connection.getOutputStream().write(head);
    connection.getOutputStream().write(body);
    var status = line();
    var length = 0;
    for (var header = line(); !header.isEmpty(); header = line()) {
      if (header.regionMatches(true, 0, "Content-Length:", 0, 15)) {
        length = Integer.parseInt(header.substring(15).strip());
      }
    }
    var answer = new String(answers.readNBytes(length), StandardCharsets.UTF_8);
    if (!status.startsWith("HTTP/1.1 2")) {
      throw new IllegalStateException(path + ": " + status + " " + answer);
    }
    return answer;
  }

  private static String line() throws IOException {
    var line = new StringBuilder();
    for (var one = answers.read(); one != '\n'; one = answers.read()) {
      if (one < 0) {
        throw new EOFException("the connection was closed");
      }
      line.append((char) one);
    }
    return line.toString().strip();
  }
}
