package dev.backfill.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/// A command of this JVM as a program that bash can call, without a JVM of its own for each call: a
/// script hands words, folder and environment to this process and passes on what comes back.
public final class InProcess implements AutoCloseable {

  /// The command.
  public interface Program {
    /// @return the exit status
    int run(
        List<String> words,
        Path folder,
        Map<String, String> environment,
        PrintStream out,
        PrintStream err);
  }

  private final Program program;
  private final HttpServer server;

  public InProcess(Program program) throws IOException {
    this.program = program;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  /// Writes the script.
  public void install(Path script) throws IOException {
    Files.writeString(
        script,
        """
        #!/usr/bin/env bash
        call="$(mktemp -d)"
        printf '%%s\\0' "$PWD" "$@" >"$call/words"
        env -0 >"$call/environment"
        exec 3<>/dev/tcp/127.0.0.1/%d
        printf 'GET %%s HTTP/1.0\\r\\n\\r\\n' "$call" >&3
        while IFS= read -r line <&3 && [[ "$line" != $'\\r' ]]; do :; done
        status=70
        IFS= read -r status <&3
        cat "$call/err" >&2
        cat "$call/out"
        rm -r "$call"
        exit "$status"
        """
            .formatted(server.getAddress().getPort()));
    if (!script.toFile().setExecutable(true)) {
      throw new IOException("can't make executable: " + script);
    }
  }

  /// The real one, to be first on a path: version managers put a slow script before it.
  public static void installPython(Path bin) throws IOException, InterruptedException {
    var python =
        new ProcessBuilder("python3", "-I", "-c", "import sys; print(sys.executable)").start();
    var real = Path.of(new String(python.getInputStream().readAllBytes(), UTF_8).strip());
    python.waitFor();
    Files.createSymbolicLink(bin.resolve("python3"), real);
  }

  private void handle(HttpExchange exchange) throws IOException {
    var call = Path.of(exchange.getRequestURI().getPath());
    var words = parts(call.resolve("words"));
    var environment = new HashMap<String, String>();
    for (var variable : parts(call.resolve("environment"))) {
      var equals = variable.indexOf('=');
      environment.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var status =
        program.run(
            words.subList(1, words.size()),
            Path.of(words.getFirst()),
            environment,
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8));
    Files.write(call.resolve("out"), out.toByteArray());
    Files.write(call.resolve("err"), err.toByteArray());
    var answer = (status + "\n").getBytes(UTF_8);
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
