package dev.backfill.tb;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.backfill.http.Pause;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.Executors;

/// The stand-in as a program on the path of bash, without a JVM of its own for each call: a script
/// hands words and environment to this process.
public final class FastTb implements AutoCloseable {
  /// The machine's clock; a wait is as long as it has to be on a quick workspace.
  private static final Pause SHORT =
      new Pause() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(Math.min(20, duration.toMillis()));
        }
      };

  private final HttpServer server;
  private volatile Duration delay = Duration.ZERO;

  public FastTb() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  /// How long every command waits before it begins.
  public void delay(Duration each) {
    delay = each;
  }

  /// Writes `tb` and the real `python3` (version managers put a slow script before it).
  ///
  /// @return the folder for the path
  public Path install(Path bin) throws IOException, InterruptedException {
    Files.createDirectories(bin);
    var tb = bin.resolve("tb");
    Files.writeString(
        tb,
        """
        #!/usr/bin/env bash
        call="$(mktemp -d)"
        printf '%%s\\0' "$PWD" "$@" >"$call/words"
        env -0 >"$call/environment"
        exec 3<>/dev/tcp/127.0.0.1/%d
        printf 'GET %%s HTTP/1.0\\r\\n\\r\\n' "$call" >&3
        while IFS= read -r line <&3 && [[ "$line" != $'\\r' ]]; do :; done
        IFS= read -r status <&3
        cat <&3
        rm -r "$call"
        exit "$status"
        """
            .formatted(server.getAddress().getPort()));
    if (!tb.toFile().setExecutable(true)) {
      throw new IOException("can't make executable: " + tb);
    }
    var python =
        new ProcessBuilder("python3", "-I", "-c", "import sys; print(sys.executable)").start();
    var real = Path.of(new String(python.getInputStream().readAllBytes(), UTF_8).strip());
    python.waitFor();
    Files.createSymbolicLink(bin.resolve("python3"), real);
    return bin;
  }

  private void handle(HttpExchange exchange) throws IOException {
    var call = Path.of(exchange.getRequestURI().getPath());
    var words = new ArrayList<>(parts(call.resolve("words")));
    var environment = new HashMap<String, String>();
    for (var variable : parts(call.resolve("environment"))) {
      var equals = variable.indexOf('=');
      environment.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    try {
      Thread.sleep(delay);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    var said = new ByteArrayOutputStream();
    var stream = new PrintStream(said, true, UTF_8);
    var status =
        Tb.run(
            words.subList(1, words.size()),
            Path.of(words.getFirst()),
            environment,
            stream,
            stream,
            SHORT);
    var answer = (status + "\n" + said.toString(UTF_8)).getBytes(UTF_8);
    exchange.sendResponseHeaders(200, answer.length);
    exchange.getResponseBody().write(answer);
    exchange.close();
  }

  private static List<String> parts(Path file) throws IOException {
    return List.of(Files.readString(file).split("\0"));
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
