package dev.backfill.local;

import dev.backfill.local.engine.EngineException;
import dev.backfill.sql.TemplateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// The routes: who may come in, what goes wrong on purpose, and who answers. What isn't in the
/// table is refused with 404, what is but isn't served with 501, each naming its path.
final class Api {

  /// The request is served, but its answer never gets out.
  static final class Lost extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private final Core core;
  private final Tokens tokens;
  private final List<Route> routes = new ArrayList<>();
  private final String url;

  Api(
      Core core,
      Tokens tokens,
      AccountRoutes account,
      DataRoutes data,
      PipeRoutes pipes,
      String url) {
    this.core = core;
    this.tokens = tokens;
    this.url = url;
    routes.addAll(account.routes());
    routes.addAll(data.routes());
    routes.addAll(pipes.routes());
  }

  List<Route> routes() {
    return List.copyOf(routes);
  }

  /// Whether its token is one of ours.
  boolean knows(Request request) {
    return request.token().flatMap(tokens::login).isPresent();
  }

  Reply answer(Request request) {
    try {
      return dispatch(request);
    } catch (EngineException e) {
      return Reply.error(Sql.refusal(e));
    } catch (TemplateException e) {
      return Reply.error(new Refusal(400, "[Error] " + e.getMessage()));
    } catch (Refusal e) {
      return Reply.error(e);
    }
  }

  private Reply dispatch(Request request) {
    var path = request.path();
    if (path.equals(List.of("v0", "regions")) && request.method().equals("GET")) {
      return Reply.json(
          Map.of(
              "regions",
              List.of(Map.of("name", "local", "api_host", url, "host", url, "provider", "local"))));
    }
    var login =
        request
            .token()
            .flatMap(tokens::login)
            .orElseThrow(() ->
                new Refusal(
                    403,
                    request.token().isEmpty()
                        ? "No token was sent: give it as Authorization: Bearer ... or as ?token=..."
                        : "Invalid token"));
    if (path.equals(List.of("local", "faults"))) {
      if (!request.method().equals("POST")) {
        throw new Refusal(405, "faults are set by POST, as JSON: {\"querySeconds\": 1}");
      }
      login.access().need("ADMIN", "");
      core.faults.apply(Json.object(request.body()));
      return Reply.json(Map.of("ok", true));
    }
    return switch (core.faults.take(request.method(), request.rawPath()).orElse(null)) {
      case null -> serve(login, request);
      case Faults.Effect.Answer(var reply) -> reply;
      case Faults.Effect.NoAnswer(var served) -> {
        if (served) {
          serve(login, request);
        }
        throw new Lost();
      }
      case Faults.Effect.Late(var millis) -> {
        Thread.ofPlatform()
            .daemon()
            .name("late")
            .start(() -> {
              LockSupport.parkNanos(millis * 1_000_000);
              try {
                serve(login, request);
              } catch (RuntimeException _) {
                // nobody is there any more to hear of it
              }
            });
        throw new Lost();
      }
      case Faults.Effect.Death(var served) -> {
        if (served) {
          serve(login, request);
        }
        Runtime.getRuntime().halt(137);
        throw new Lost();
      }
      case Faults.Effect.Slow(var millis) -> {
        LockSupport.parkNanos(millis * 1_000_000);
        yield serve(login, request);
      }
    };
  }

  private Reply serve(Tokens.Login login, Request request) {
    var known = false;
    for (var route : routes) {
      var at = route.match(request.path());
      if (at.isPresent() && route.method().equals(request.method())) {
        return route
            .handler()
            .orElseThrow(() -> unserved(request))
            .answer(new Route.Call(login.space(), login.access(), request, at.get()));
      }
      known |= at.isPresent();
    }
    throw known
        ? new Refusal(
            405, "the local workspace has no " + request.method() + " for " + request.rawPath())
        : new Refusal(
            404,
            "the local workspace has no route "
                + request.method()
                + " "
                + request.rawPath()
                + "; the page local-api of the documents lists those it has");
  }

  private static Refusal unserved(Request request) {
    return new Refusal(
        501, "the local workspace doesn't serve " + request.method() + " " + request.rawPath());
  }
}
