package dev.backfill.testing.github;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import org.eclipse.jgit.lib.Repository;
import tools.jackson.databind.JsonNode;

/// GitHub, as far as we use it: one repository over a real git repository, with pull requests,
/// comments, checks, reactions, workflows, permissions, pages, limits, and faults on demand.
///
/// Every exchange is held to GitHub's published description (see [Description]); answers made by a
/// fault are not, their requests are. [#close()] throws when one did not fit, so no test can
/// overlook it.
public final class FakeGitHub extends Rules implements AutoCloseable {
  private final MockWebServer server = new MockWebServer();
  private final Optional<Description> description;
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<Planned> planned = new CopyOnWriteArrayList<>();

  private record Planned(
      Predicate<Call> when, Optional<Fault> fault, Runnable before, boolean once) {}

  private FakeGitHub(Repository git, String name, InstantSource clock) {
    super(git, name, clock);
    this.description = Description.shared();
    server.setServerSocketFactory(new AtOnce());
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            try {
              return answer(request);
            } catch (RuntimeException | AssertionError e) {
              // the client would wait for an answer, and the test would not learn why
              violations.add(request.getRequestLine() + " broke the fake: " + e);
              return new MockResponse.Builder().code(501).build();
            }
          }
        });
    try {
      server.start(InetAddress.getLoopbackAddress(), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// @param git holds the branches
  /// @param name `owner/name`
  public static FakeGitHub on(Repository git, String name, InstantSource clock) {
    return new FakeGitHub(git, name, clock);
  }

  // the scene

  /// What `GITHUB_API_URL` holds.
  public URI url() {
    return URI.create("http://" + host());
  }

  /// The same on an Enterprise Server.
  public URI enterpriseUrl() {
    return URI.create("http://" + host() + ENTERPRISE);
  }

  private String host() {
    return server.getHostName() + ":" + server.getPort();
  }

  /// The next request like this has a fault.
  public void once(Predicate<Call> when, Fault fault) {
    planned.add(new Planned(when, Optional.of(fault), () -> {}, true));
  }

  /// Every request like this has a fault.
  public void always(Predicate<Call> when, Fault fault) {
    planned.add(new Planned(when, Optional.of(fault), () -> {}, false));
  }

  /// Something happens before the next request like this is executed.
  public void before(Predicate<Call> when, Runnable happens) {
    planned.add(new Planned(when, Optional.empty(), happens, true));
  }

  /// No more faults.
  public void heal() {
    planned.clear();
  }

  /// `METHOD /path` of every request so far.
  public List<String> requests() {
    return List.copyOf(requests);
  }

  /// Exchanges that don't fit GitHub's description.
  public List<String> violations() {
    return List.copyOf(violations);
  }

  /// @throws AssertionError when an exchange did not fit GitHub's description
  @Override
  public void close() {
    server.close();
    if (!violations.isEmpty()) {
      throw new AssertionError(
          violations.size()
              + " exchanges don't fit GitHub's OpenAPI description, or the fake:\n"
              + String.join("\n", violations));
    }
  }

  // the wire

  private MockResponse answer(RecordedRequest request) {
    var raw = request.getUrl().encodedPath();
    var enterprise = raw.startsWith(ENTERPRISE + "/");
    var path = enterprise ? raw.substring(ENTERPRISE.length()) : raw;
    var prefix = "/repos/" + name + "/";
    var below =
        (path + "/").startsWith(prefix)
            ? path.substring(Math.min(path.length(), prefix.length()))
            : null;
    var call = call(request, below == null ? "" : below);
    requests.add(request.getMethod() + " /" + (below == null ? path : below));
    var fault = plan(call);
    if (fault.orElse(null) instanceof Fault.Answer(var status, var body, var headers)) {
      describe(path, call, Optional.empty());
      var response = new MockResponse.Builder().code(status).body(body);
      headers.forEach(response::setHeader);
      return response.setHeader("Content-Type", "application/json; charset=utf-8").build();
    }
    if (fault.orElse(null) instanceof Fault.LostBefore) {
      return new MockResponse.Builder().onResponseStart(closed()).build();
    }
    var api = "http://" + host() + (enterprise ? ENTERPRISE : "");
    var answer = below == null ? Answer.of(404, Shapes.error(404, "Not Found")) : answer(call, api);
    describe(path, call, Optional.of(answer));
    var response = new MockResponse.Builder().code(answer.status());
    response.setHeader(
        "Date",
        DateTimeFormatter.RFC_1123_DATE_TIME.format(clock.instant().atOffset(ZoneOffset.UTC)));
    response.setHeader("X-RateLimit-Remaining", Math.max(0, remaining));
    response.setHeader("X-RateLimit-Reset", reset.getEpochSecond());
    answer.headers().forEach(response::setHeader);
    answer
        .body()
        .ifPresent(body ->
            response
                .setHeader("Content-Type", "application/json; charset=utf-8")
                .body(body.toString()));
    return switch (fault.orElse(null)) {
      case Fault.LostAfter _ -> new MockResponse.Builder().onResponseStart(closed()).build();
      case Fault.BadGatewayAfter _ ->
          new MockResponse.Builder().code(502).body("<html>502 Bad Gateway</html>").build();
      case Fault.Silence _ ->
          new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
      case null, default -> response.build();
    };
  }

  private Answer answer(Call call, String api) {
    try {
      return execute(call, api);
    } catch (Refused e) {
      return new Answer(e.status, Optional.of(e.body), e.headers);
    }
  }

  /// What was planned for this request; what happens before it has happened then.
  private Optional<Fault> plan(Call call) {
    for (var plan : List.copyOf(planned)) {
      if (plan.when().test(call) && (!plan.once() || planned.remove(plan))) {
        plan.before().run();
        return plan.fault();
      }
    }
    return Optional.empty();
  }

  private static SocketEffect closed() {
    return new SocketEffect.CloseSocket();
  }

  private void describe(String path, Call call, Optional<Answer> answer) {
    description.ifPresent(held ->
        violations.addAll(
            held.problems(
                call.method(),
                path,
                call.query(),
                call.headers(),
                call.body(),
                answer.map(it ->
                    new Description.Response(
                        it.status(), it.body().map(JsonNode::toString), it.headers())))));
  }

  private static Call call(RecordedRequest request, String below) {
    var query = new LinkedHashMap<String, String>();
    var url = request.getUrl();
    for (var i = 0; i < url.querySize(); i++) {
      query.put(url.queryParameterName(i), String.valueOf(url.queryParameterValue(i)));
    }
    var headers = new LinkedHashMap<String, String>();
    request
        .getHeaders()
        .forEach(
            header -> headers.put(header.getFirst().toLowerCase(Locale.ROOT), header.getSecond()));
    var body = request.getBody();
    return new Call(
        request.getMethod(),
        below.isEmpty()
            ? List.of()
            : Arrays.stream(below.split("/"))
                .map(part -> URLDecoder.decode(part, StandardCharsets.UTF_8))
                .toList(),
        query,
        body == null ? "" : body.utf8(),
        headers);
  }
}
