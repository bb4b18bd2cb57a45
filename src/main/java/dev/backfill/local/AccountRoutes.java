package dev.backfill.local;

import static dev.backfill.local.Mark.C;
import static dev.backfill.local.Mark.I;
import static dev.backfill.local.Mark.O;

import dev.backfill.local.Route.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Workspaces, tokens, branches, releases (API reference 1 to 3, 10).
final class AccountRoutes {
  private final Core core;
  private final Tokens tokens;
  private final Branches branches;
  private final Jobs jobs;

  AccountRoutes(Core core, Tokens tokens, Branches branches, Jobs jobs) {
    this.core = core;
    this.tokens = tokens;
    this.branches = branches;
    this.jobs = jobs;
  }

  List<Route> routes() {
    var routes = new ArrayList<Route>();
    routes.add(route("GET", "/v0/workspace", "2", List.of(C), this::workspace));
    routes.add(route("GET", "/v1/workspace", "2", List.of(O), this::workspace));
    routes.add(route("GET", "/v0/user/workspaces", "2", List.of(C), this::user));
    routes.add(route("GET", "/v0/workspaces/{id}", "2", List.of(C), this::one));
    routes.add(
        route(
            "GET",
            "/v0/auth",
            "2",
            List.of(C),
            call -> Reply.json(Map.of("is_valid", true, "is_user", call.access().admin()))));
    routes.add(route("GET", "/v0/tokens", "2", List.of(C), this::allTokens));
    routes.add(unserved("GET", "/v0/tokens/{token}.token", "5.1", List.of(C)));
    routes.add(unserved("GET", "/v0/connectors", "15", List.of(C)));
    routes.add(unserved("GET", "/v0/tags", "15", List.of(C)));
    routes.add(
        route(
            "GET",
            "/v0/tokens/{token}",
            "2",
            List.of(C),
            admin(call -> Reply.json(tokens.find(call.space(), call.at("token")).json()))));
    routes.add(route("POST", "/v0/tokens", "2", List.of(C), admin(this::createToken)));
    routes.add(
        route(
            "PUT",
            "/v0/tokens/{token}",
            "2",
            List.of(C),
            admin(call ->
                Reply.json(
                    tokens
                        .change(call.space(), call.at("token"), call.request().all("scope"))
                        .json()))));
    routes.add(
        route(
            "DELETE",
            "/v0/tokens/{token}",
            "2",
            List.of(C),
            admin(call -> {
              tokens.delete(call.space(), call.at("token"));
              return Reply.empty(204);
            })));
    routes.add(
        route(
            "POST",
            "/v0/tokens/{token}/refresh",
            "2",
            List.of(C),
            admin(call -> Reply.json(tokens.refresh(call.space(), call.at("token")).json()))));
    branchRoutes(routes);
    releaseRoutes(routes);
    return routes;
  }

  private void branchRoutes(List<Route> routes) {
    routes.add(route("POST", "/v0/environments", "3.1", List.of(C, O), this::createBranch));
    routes.add(
        route(
            "GET",
            "/v0/environments",
            "3.2",
            List.of(C),
            admin(call ->
                Reply.json(
                    Map.of(
                        "environments",
                        core.branches().stream()
                            .map(b -> Branches.json(b, call.request().flag("with_token")))
                            .toList())))));
    routes.add(
        route(
            "GET",
            "/v0/environments/{branch}",
            "3.2",
            List.of(O),
            admin(call ->
                Reply.json(Branches.json(branch(call), call.request().flag("with_token"))))));
    routes.add(
        route(
            "DELETE",
            "/v0/environments/{branch}",
            "3.2",
            List.of(I, C, O),
            ofMain(call -> {
              branches.delete(call.at("branch"));
              return Reply.empty(204);
            })));
    routes.add(
        route("POST", "/v0/environments/{branch}/data", "3.3", List.of(C), admin(this::addData)));
    routes.add(unserved("POST", "/v0/environments/{branch}/regression", "3.5", List.of(C)));
    routes.add(unserved("POST", "/v0/environments/{branch}/regression/main", "3.5", List.of(C)));
  }

  private void releaseRoutes(List<Route> routes) {
    var path = "/v0/workspaces/{id}/releases";
    routes.add(
        route(
            "GET",
            path,
            "10.2",
            List.of(C),
            admin(call -> {
              var space = named(call);
              return Reply.json(
                  Map.of(
                      "releases",
                      space.identity().commit().isEmpty() ? List.of() : List.of(release(space))));
            })));
    routes.add(route("POST", path, "10.1", List.of(C), admin(this::setCommit)));
    routes.add(route("PUT", path + "/{semver}", "10.2", List.of(C), admin(this::setSemver)));
    routes.add(unserved("DELETE", path + "/{semver}", "10.2", List.of(C)));
    routes.add(unserved("GET", path + "/oldest-rollback", "10.2", List.of(C)));
  }

  static Route route(
      String method, String pattern, String section, List<Mark> marks, Route.Handler handler) {
    return new Route(method, pattern, section, marks, Optional.of(handler));
  }

  static Route unserved(String method, String pattern, String section, List<Mark> marks) {
    return new Route(method, pattern, section, marks, Optional.empty());
  }

  /// For tokens that may do everything.
  static Route.Handler admin(Route.Handler handler) {
    return call -> {
      call.access().need("ADMIN", "");
      return handler.answer(call);
    };
  }

  /// For tokens of the workspace itself, not of a branch.
  private static Route.Handler ofMain(Route.Handler handler) {
    return admin(call -> {
      if (call.space().branch()) {
        throw new Refusal(403, "this needs a token of the workspace, not of a branch");
      }
      return handler.answer(call);
    });
  }

  private Reply workspace(Call call) {
    var json = call.space().json();
    json.put("user_email", LocalWorkspace.USER_EMAIL);
    json.put("user_id", LocalWorkspace.USER_ID);
    json.put("scope", call.access().admin() ? "admin" : "user");
    if (!call.access().admin()) {
      json.remove("token");
    }
    return Reply.json(json);
  }

  private Reply user(Call call) {
    call.access().need("ADMIN", "");
    var only = call.request().flag("only_environments");
    var with = only || call.request().flag("with_environments");
    var listed =
        core.spaces().stream().filter(s -> s.branch() ? with : !only).map(Space::json).toList();
    var json = Json.map();
    json.put("id", LocalWorkspace.USER_ID);
    json.put("workspaces", call.space().branch() && !with ? List.of(core.main.json()) : listed);
    return Reply.json(json);
  }

  private Space named(Call call) {
    return core.byId(call.at("id"))
        .filter(s -> s.id().equals(call.space().id()) || !call.space().branch())
        .orElseThrow(() -> new Refusal(404, "Workspace " + call.at("id") + " not found"));
  }

  private Reply one(Call call) {
    call.access().need("ADMIN", "");
    return Reply.json(Branches.json(named(call), call.request().flag("with_token")));
  }

  private Reply allTokens(Call call) {
    call.access().need("TOKENS", "");
    return Reply.json(
        Map.of("tokens", tokens.all(call.space()).stream().map(Tokens.Kept::json).toList()));
  }

  private Reply createToken(Call call) {
    var request = call.request();
    return Reply.json(
        tokens
            .create(
                call.space(),
                request.parameter("name"),
                request.parameter("description"),
                request.parameter("origin"),
                request.all("scope"))
            .json());
  }

  private Space branch(Call call) {
    return branches
        .find(call.at("branch"))
        .orElseThrow(() -> new Refusal(404, "Branch \"" + call.at("branch") + "\" not found"));
  }

  private static List<String> names(String list) {
    return list.isEmpty() ? List.of() : List.of(list.split(","));
  }

  private Reply createBranch(Call call) {
    call.access().need("ADMIN", "");
    if (call.space().branch()) {
      throw new Refusal(403, "a branch can't be made from a branch");
    }
    var request = call.request();
    var begun =
        branches.create(
            request.parameter("name"),
            request.parameter("data"),
            names(request.parameter("ignore_datasources")));
    return Reply.json(
        Map.of(
            "job",
            jobs.json(begun.job().submitted()),
            "workspace",
            Map.of("id", begun.branch().id(), "name", begun.branch().identity().name())));
  }

  private Reply addData(Call call) {
    var begun =
        branches.add(
            branch(call),
            call.request().parameter("mode"),
            names(call.request().parameter("ignore_datasources")));
    return Reply.json(Map.of("job", jobs.json(begun.submitted())));
  }

  private Reply setCommit(Call call) {
    var space = named(call);
    var identity = space.identity();
    var commit = call.request().parameter("commit");
    if (!commit.matches("[0-9a-f]{7,64}")) {
      throw new Refusal(400, "the parameter commit is missing or not a commit");
    }
    if (!call.request().parameter("semver").isEmpty()) {
      throw new Refusal(501, "the local workspace has no releases beside the live one");
    }
    if (!identity.commit().isEmpty() && !call.request().flag("force")) {
      throw new Refusal(409, "There is already a release; use force");
    }
    space.identity(
        identity.withRelease(commit, identity.semver().isEmpty() ? "0.0.0" : identity.semver()));
    core.saveSpace(space);
    return Reply.json(release(space));
  }

  private Reply setSemver(Call call) {
    var space = named(call);
    var identity = space.identity();
    if (!identity.semver().equals(call.at("semver"))) {
      throw new Refusal(404, "Release " + call.at("semver") + " not found");
    }
    if (!call.request().parameter("status").isEmpty()) {
      throw new Refusal(501, "the local workspace has no releases beside the live one");
    }
    var semver = call.request().parameter("new_semver");
    var commit = call.request().parameter("commit");
    space.identity(
        identity.withRelease(
            commit.isEmpty() ? identity.commit() : commit,
            semver.isEmpty() ? identity.semver() : semver));
    core.saveSpace(space);
    return Reply.json(release(space));
  }

  private static Map<String, Object> release(Space space) {
    return Map.of(
        "commit", space.identity().commit(), "semver", space.identity().semver(), "status", "live");
  }
}
