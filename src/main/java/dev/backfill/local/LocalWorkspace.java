package dev.backfill.local;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.backfill.failure.Failure;
import dev.backfill.local.engine.Engine;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// A Tinybird-compatible workspace on this machine: an HTTP server on loopback over a real
/// ClickHouse in this process. Serves what the public clients use of a Classic workspace, and
/// answers 404 or 501 to everything else.
///
/// What it acknowledged survives the death of the process: start it again on the same directory.
/// One workspace per process, unless they share an engine.
public final class LocalWorkspace implements AutoCloseable {
  static final String USER_ID = "00000000-0000-4000-8000-000000000001";
  static final String USER_EMAIL = "local@localhost";
  private static final String NAME = "local";
  private static final int THREADS = 32;
  private static final int REMEMBERED = 1000;
  private static final Pattern HERE =
      Pattern.compile(
          "(localhost|127(\\.\\d{1,3}){3}|\\[::1]|[a-z0-9-]+\\.localhost)(:\\d+)?",
          Pattern.CASE_INSENSITIVE);

  static {
    // without it every answer on a kept connection waits for the client's delayed acknowledgement
    if (System.getProperty("sun.net.httpserver.nodelay") == null) {
      System.setProperty("sun.net.httpserver.nodelay", "true");
    }
  }

  private final Core core;
  private final Logs logs;
  private final Jobs jobs;
  private final Staging staging;
  private final HttpServer server;
  private final Api api;
  private final Schedules schedules;
  private final boolean ownEngine;
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS, Thread.ofPlatform().daemon().name("local-http-", 1).factory());
  private final ScheduledExecutorService ticks =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("local-log").factory());
  private final ScheduledFuture<?> ticking;
  private final ConcurrentLinkedDeque<Served> requests = new ConcurrentLinkedDeque<>();

  /// A request that was answered.
  ///
  /// @param status 0 when the answer was lost on purpose
  public record Served(String method, String path, int status) {}

  private LocalWorkspace(Engine engine, boolean ownEngine, Store store, Space main, int port) {
    this.ownEngine = ownEngine;
    core = new Core(engine, store, new Faults(), main);
    logs = new Logs(core);
    server = bind(port);
    try {
      jobs = new Jobs(core, logs, url());
      var queries = new Queries(core, logs);
      var resources = new Resources(core, queries, logs);
      staging = new Staging(core);
      try (var session = engine.session()) {
        session.run("CREATE DATABASE IF NOT EXISTS " + Sql.identifier(main.database()));
      }
      new Boot(core, logs, jobs, resources).run();
      var tokens = new Tokens(core);
      var ingest = new Ingest(core, logs);
      var copies = new Copies(core, jobs, queries, logs, staging);
      schedules = new Schedules(core, copies, core.clock.utc());
      api =
          new Api(
              core,
              tokens,
              new AccountRoutes(core, tokens, new Branches(core, jobs, logs, resources), jobs),
              new DataRoutes(
                  core,
                  queries,
                  ingest,
                  new Replaces(core, ingest, queries, logs, staging),
                  new Deletes(core, jobs, queries, logs),
                  resources,
                  copies,
                  jobs),
              new PipeRoutes(
                  core,
                  queries,
                  resources,
                  jobs,
                  copies,
                  new Populates(core, jobs, queries, resources, logs, staging)),
              url());
    } catch (RuntimeException e) {
      server.stop(0);
      throw e;
    }
    server.createContext("/", this::serve);
    server.setExecutor(threads);
    server.start();
    ticking = ticks.scheduleWithFixedDelay(this::tick, 1, 1, TimeUnit.SECONDS);
  }

  /// Starts a workspace with an engine of its own.
  ///
  /// @param port 0 for any free one
  /// @param data directory that keeps everything; made when it isn't there
  /// @param token of the workspace, if it is to be a certain one; kept from the last start, or made
  ///   up, when absent
  /// @throws Failure.Usage when the port or directory is taken, or the engine can't be had here
  public static LocalWorkspace start(int port, Path data, Optional<String> token) {
    // the first use of JSON takes as long as the engine does to open
    Thread.ofPlatform().daemon().name("local-warm").start(Space.Identity::tried);
    var store = new Store(data.resolve("state"));
    var engineData = data.resolve("engine");
    Journal.all(store).forEach(journal -> journal.leaveOnlyMissing(engineData));
    var engine = Engine.open(engineData);
    try {
      return new LocalWorkspace(engine, true, store, main(store, token), port);
    } catch (RuntimeException e) {
      engine.close();
      throw e;
    }
  }

  /// Starts a workspace on an engine that several share; it isn't closed with the workspace.
  ///
  /// @param data directory of the workspace's own state
  public static LocalWorkspace start(Engine engine, int port, Path data, Optional<String> token) {
    var store = new Store(data.resolve("state"));
    if (!Journal.all(store).isEmpty()) {
      throw new Failure.Usage("unfinished copies in " + data + ": start it with its own engine");
    }
    return new LocalWorkspace(engine, false, store, main(store, token), port);
  }

  private static Space main(Store store, Optional<String> token) {
    var before =
        store.names("spaces").stream()
            .flatMap(id -> store.read(Space.Identity.class, "spaces", id, "space.json").stream())
            .filter(identity -> identity.main().isEmpty())
            .findFirst();
    var identity =
        before.orElseGet(() -> {
          var id = Clock.uuid();
          return new Space.Identity(
              id, NAME, token(id), "ws_" + Clock.hex(6), "", Clock.SYSTEM.now(), "", "");
        });
    var wanted =
        new Space.Identity(
            identity.id(),
            identity.name(),
            token.orElse(identity.token()),
            identity.database(),
            identity.main(),
            identity.createdAt(),
            identity.commit(),
            identity.semver());
    var space = new Space(wanted);
    store.write(wanted, "spaces", wanted.id(), "space.json");
    return space;
  }

  static String token(String workspace) {
    var claims = Json.text(java.util.Map.of("u", workspace, "host", "local"));
    return "p."
        + Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(claims.getBytes(StandardCharsets.UTF_8))
        + "."
        + Clock.hex(20);
  }

  private static HttpServer bind(int port) {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    } catch (IOException e) {
      throw new Failure.Usage(
          "can't listen on port " + port + ": " + e.getMessage() + ". Choose another with --port.");
    }
  }

  /// `http://localhost:<port>`, without a slash at the end.
  public String url() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  /// Of the main workspace; may do everything.
  public String token() {
    return core.main.identity().token();
  }

  public String name() {
    return core.main.identity().name();
  }

  public String id() {
    return core.main.id();
  }

  /// Name of its database in the engine.
  String database() {
    return core.main.database();
  }

  public Faults faults() {
    return core.faults;
  }

  /// The last requests, oldest first.
  public List<Served> requests() {
    return List.copyOf(requests);
  }

  private void serve(HttpExchange exchange) throws IOException {
    var method = exchange.getRequestMethod();
    var path = exchange.getRequestURI().getRawPath();
    var status = 0;
    try (exchange) {
      var id = Clock.requestId();
      var reply = reply(exchange, method, path, id);
      status = reply.status();
      send(exchange, reply, id);
    } catch (Api.Lost e) {
      status = 0;
    } finally {
      requests.add(new Served(method, path, status));
      while (requests.size() > REMEMBERED) {
        requests.poll();
      }
    }
  }

  /// A page from elsewhere can make its own name mean this machine.
  private static void forThisMachine(String host) {
    if (!HERE.matcher(host).matches()) {
      throw new Refusal(403, "the local workspace answers to localhost only");
    }
  }

  private Reply reply(HttpExchange exchange, String method, String path, String id)
      throws IOException {
    try {
      var headers = new HashMap<String, String>();
      exchange
          .getRequestHeaders()
          .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
      forThisMachine(headers.getOrDefault("host", "localhost"));
      headers.put(Request.ID, id);
      var query = exchange.getRequestURI().getRawQuery();
      var head =
          Request.of(
              method, path, query == null ? "" : query, headers, InputStream.nullInputStream());
      // who may not come in isn't listened to
      var request =
          api.knows(head)
              ? Request.of(
                  method, path, query == null ? "" : query, headers, exchange.getRequestBody())
              : head;
      return ScopedValue.where(Logs.REQUEST, id).call(() -> api.answer(request));
    } catch (Refusal e) {
      return Reply.error(e);
    } catch (Api.Lost e) {
      throw e;
    } catch (RuntimeException e) {
      return Reply.error(new Refusal(500, "the local workspace failed: " + e));
    }
  }

  private static void send(HttpExchange exchange, Reply reply, String id) throws IOException {
    reply.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
    if (!reply.contentType().isEmpty()) {
      exchange.getResponseHeaders().set("Content-Type", reply.contentType());
    }
    exchange.getResponseHeaders().set("X-Request-Id", id);
    var body = exchange.getRequestMethod().equals("HEAD") ? new byte[0] : reply.body();
    exchange.sendResponseHeaders(reply.status(), body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
      // closing waits for what is left of the request
      exchange.getResponseBody().flush();
    }
  }

  /// Every second.
  private void tick() {
    flushLogs();
    schedules.tick(core.clock.utc());
  }

  Schedules schedules() {
    return schedules;
  }

  /// What is answered and what is refused, for the documents.
  List<Route> routes() {
    return api.routes();
  }

  private void flushLogs() {
    try {
      logs.flush();
    } catch (RuntimeException e) {
      System.getLogger(LocalWorkspace.class.getName())
          .log(System.Logger.Level.WARNING, "the service Data Sources can't be written", e);
    }
  }

  /// Takes no more requests, stops the jobs that can be stopped, and closes what it opened.
  @Override
  public void close() {
    server.stop(0);
    threads.shutdown();
    ticking.cancel(false);
    ticks.shutdown();
    jobs.close();
    try {
      if (!threads.awaitTermination(30, TimeUnit.SECONDS)
          || !ticks.awaitTermination(5, TimeUnit.SECONDS)) {
        threads.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    flushLogs();
    staging.close();
    if (ownEngine) {
      core.engine.close();
    }
  }
}
