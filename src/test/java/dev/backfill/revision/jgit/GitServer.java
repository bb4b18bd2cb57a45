package dev.backfill.revision.jgit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Real git behind HTTP on loopback: every request is answered by `git http-backend`.
final class GitServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService workers = Executors.newFixedThreadPool(2);
  private final Path folder;
  private final Optional<String> password;

  /// `METHOD path status` of every request.
  final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();

  /// @param folder the folder of a work tree whose repository is served
  /// @param password what a client has to show
  GitServer(Path folder, Optional<String> password) throws IOException {
    this.folder = folder;
    this.password = password;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(workers);
    server.createContext("/", this::answer);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/repository";
  }

  private void answer(HttpExchange exchange) throws IOException {
    var status = 500;
    try (exchange) {
      status = answered(exchange);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      requests.add(
          exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath() + " " + status);
    }
  }

  private int answered(HttpExchange exchange) throws IOException, InterruptedException {
    if (password.isPresent() && !password.equals(shown(exchange))) {
      exchange.getRequestBody().readAllBytes();
      exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"git\"");
      exchange.sendResponseHeaders(401, -1);
      return 401;
    }
    var uri = exchange.getRequestURI();
    var builder = new ProcessBuilder("git", "http-backend");
    var header = exchange.getRequestHeaders();
    builder
        .environment()
        .putAll(
            Map.of(
                "GIT_PROJECT_ROOT",
                folder.resolve(".git").toString(),
                "GIT_HTTP_EXPORT_ALL",
                "1",
                "GIT_CONFIG_COUNT",
                "1",
                "GIT_CONFIG_KEY_0",
                "safe.directory",
                "GIT_CONFIG_VALUE_0",
                "*",
                "REQUEST_METHOD",
                exchange.getRequestMethod(),
                "PATH_INFO",
                uri.getPath().substring("/repository".length()),
                "QUERY_STRING",
                Optional.ofNullable(uri.getRawQuery()).orElse(""),
                "CONTENT_TYPE",
                Optional.ofNullable(header.getFirst("Content-Type")).orElse(""),
                "GIT_PROTOCOL",
                Optional.ofNullable(header.getFirst("Git-Protocol")).orElse("")));
    Optional.ofNullable(header.getFirst("Content-Encoding"))
        .ifPresent(v -> builder.environment().put("HTTP_CONTENT_ENCODING", v));
    var body = exchange.getRequestBody().readAllBytes();
    builder.environment().put("CONTENT_LENGTH", String.valueOf(body.length));
    var process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (var in = process.getOutputStream()) {
      in.write(body);
    }
    var status = 200;
    try (var out = new BufferedInputStream(process.getInputStream())) {
      for (var line : head(out)) {
        var colon = line.indexOf(':');
        var name = line.substring(0, colon);
        var value = line.substring(colon + 1).strip();
        if (name.equals("Status")) {
          status = Integer.parseInt(value.substring(0, 3));
        } else {
          exchange.getResponseHeaders().add(name, value);
        }
      }
      exchange.sendResponseHeaders(status, 0);
      out.transferTo(exchange.getResponseBody());
    }
    process.waitFor();
    return status;
  }

  private static List<String> head(InputStream out) throws IOException {
    var lines = new ArrayList<String>();
    var line = new StringBuilder();
    for (var c = out.read(); c >= 0; c = out.read()) {
      if (c == '\n') {
        if (line.isEmpty()) {
          break;
        }
        lines.add(line.toString());
        line.setLength(0);
      } else if (c != '\r') {
        line.append((char) c);
      }
    }
    return lines;
  }

  private static Optional<String> shown(HttpExchange exchange) {
    return Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization"))
        .filter(v -> v.regionMatches(true, 0, "Basic ", 0, 6))
        .map(v ->
            new String(
                Base64.getDecoder().decode(v.substring("Basic ".length())), StandardCharsets.UTF_8))
        .map(v -> v.substring(v.indexOf(':') + 1));
  }

  @Override
  public void close() {
    server.stop(0);
    workers.close();
  }
}
