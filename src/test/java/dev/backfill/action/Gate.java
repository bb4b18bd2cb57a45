package dev.backfill.action;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// Stands before a workspace and answers requests that hold a text itself; the others pass.
final class Gate implements AutoCloseable {
  private final String behind;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client = HttpClient.newHttpClient();
  private final AtomicInteger left = new AtomicInteger();
  private final AtomicInteger asked = new AtomicInteger();
  private volatile String text = "";
  private volatile int status;
  private volatile String retryAfter = "";

  Gate(String behind) {
    this.behind = behind;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::serve);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /// The next requests that hold this text are answered so.
  void answers(String holding, int times, int with, String andRetryAfter) {
    text = holding;
    status = with;
    retryAfter = andRetryAfter;
    asked.set(0);
    left.set(times);
  }

  /// How many requests held the text since.
  int asked() {
    return asked.get();
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      var body = exchange.getRequestBody().readAllBytes();
      var address = exchange.getRequestURI().toString();
      var said =
          URLDecoder.decode(
              address + " " + new String(body, StandardCharsets.UTF_8), StandardCharsets.UTF_8);
      if (!text.isEmpty() && said.contains(text)) {
        asked.incrementAndGet();
        if (left.getAndDecrement() > 0) {
          if (!retryAfter.isEmpty()) {
            exchange.getResponseHeaders().add("Retry-After", retryAfter);
          }
          send(exchange, status, "{\"error\":\"not now\"}".getBytes(StandardCharsets.UTF_8));
          return;
        }
      }
      var request =
          HttpRequest.newBuilder(URI.create(behind + address))
              .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
      for (var name : new String[] {"Authorization", "Content-Type"}) {
        var value = exchange.getRequestHeaders().getFirst(name);
        if (value != null) {
          request.header(name, value);
        }
      }
      var answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
      answer
          .headers()
          .firstValue("Content-Type")
          .ifPresent(type -> exchange.getResponseHeaders().add("Content-Type", type));
      send(exchange, answer.statusCode(), answer.body());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    client.close();
    threads.close();
  }
}
