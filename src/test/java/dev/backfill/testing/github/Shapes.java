package dev.backfill.testing.github;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The JSON of GitHub's things, with everything its description requires of them.
final class Shapes {
  static final JsonMapper JSON = JsonMapper.builder().build();

  private final String api;
  private final String web;
  private final String fullName;
  private final Instant born;

  Shapes(String api, String web, String fullName, Instant born) {
    this.api = api;
    this.web = web;
    this.fullName = fullName;
    this.born = born;
  }

  static ObjectNode object() {
    return JSON.createObjectNode();
  }

  static ObjectNode error(int status, String message) {
    var error =
        object().put("message", message).put("documentation_url", "https://docs.github.com/rest");
    // the description of a 422 has no status
    return status == 422 ? error : error.put("status", String.valueOf(status));
  }

  static ObjectNode invalid(String resource, String field, String code, String message) {
    var body = error(422, "Validation Failed");
    body.putArray("errors")
        .addObject()
        .put("resource", resource)
        .put("field", field)
        .put("code", code)
        .put("message", message);
    return body;
  }

  static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  String repositoryUrl() {
    return api + "/repos/" + fullName;
  }

  String page(String path) {
    return web + "/" + fullName + path;
  }

  ObjectNode user(String login) {
    var url = api + "/users/" + login.replace("[", "%5B").replace("]", "%5D");
    var user =
        object()
            .put("login", login)
            .put("id", 1000L + Math.floorMod(login.hashCode(), 100_000))
            .put("node_id", "U_" + login)
            .put("avatar_url", web + "/avatars/" + login.hashCode())
            .put("gravatar_id", "")
            .put("url", url)
            .put("html_url", web + "/" + login.replace("[bot]", ""));
    Stream.of("followers", "subscriptions", "repos", "received_events")
        .forEach(
            name -> user.put(name.equals("repos") ? "repos_url" : name + "_url", url + "/" + name));
    user.put("organizations_url", url + "/orgs")
        .put("following_url", url + "/following{/other_user}")
        .put("gists_url", url + "/gists{/gist_id}")
        .put("starred_url", url + "/starred{/owner}{/repo}")
        .put("events_url", url + "/events{/privacy}")
        .put("type", login.endsWith("[bot]") ? "Bot" : "User")
        .put("site_admin", false);
    return user;
  }

  ObjectNode repository(String name, String defaultBranch) {
    var owner = name.substring(0, name.indexOf('/'));
    var url = api + "/repos/" + name;
    var page = web + "/" + name;
    var repository =
        object()
            .put("id", 1_300_192L + Math.floorMod(name.hashCode(), 1000))
            .put("node_id", "R_" + name)
            .put("name", name.substring(name.indexOf('/') + 1))
            .put("full_name", name);
    repository.set("owner", user(owner));
    repository
        .put("private", false)
        .put("html_url", page)
        .putNull("description")
        .put("fork", !name.equals(fullName))
        .put("url", url);
    Stream.of(
            "contributors",
            "deployments",
            "downloads",
            "events",
            "forks",
            "hooks",
            "languages",
            "merges",
            "stargazers",
            "subscribers",
            "subscription",
            "tags",
            "teams",
            "archive",
            "assignees",
            "blobs",
            "branches",
            "collaborators",
            "comments",
            "commits",
            "compare",
            "contents",
            "git_commits",
            "git_refs",
            "git_tags",
            "issue_comment",
            "issue_events",
            "issues",
            "keys",
            "labels",
            "milestones",
            "notifications",
            "pulls",
            "releases",
            "statuses",
            "trees")
        .forEach(part -> repository.put(part + "_url", url + "/" + part));
    repository
        .put("git_url", "git:" + page.substring(page.indexOf(':') + 1) + ".git")
        .put("ssh_url", "git@example.com:" + name + ".git")
        .put("clone_url", page + ".git")
        .put("svn_url", page)
        .putNull("mirror_url")
        .putNull("homepage")
        .putNull("language")
        .putNull("license");
    Stream.of(
            "forks_count",
            "stargazers_count",
            "watchers_count",
            "size",
            "open_issues_count",
            "forks",
            "open_issues",
            "watchers")
        .forEach(count -> repository.put(count, 0));
    Stream.of(
            "has_issues",
            "has_projects",
            "has_wiki",
            "has_pages",
            "has_discussions",
            "has_downloads",
            "archived",
            "disabled")
        .forEach(flag -> repository.put(flag, false));
    return repository
        .put("default_branch", defaultBranch)
        .put("pushed_at", time(born))
        .put("created_at", time(born))
        .put("updated_at", time(born));
  }

  /// As it is asked for by itself; inside other things it has less.
  ObjectNode wholeRepository(String name, String defaultBranch) {
    return repository(name, defaultBranch).put("subscribers_count", 0).put("network_count", 0);
  }

  ObjectNode comment(long id, int issue, Optional<String> author, String body, Instant made) {
    var comment =
        object()
            .put("id", id)
            .put("node_id", "IC_" + id)
            .put("url", repositoryUrl() + "/issues/comments/" + id)
            .put("html_url", page("/pull/" + issue + "#issuecomment-" + id))
            .put("issue_url", repositoryUrl() + "/issues/" + issue)
            .put("body", body)
            .put("author_association", "CONTRIBUTOR")
            .put("created_at", time(made))
            .put("updated_at", time(made))
            .putNull("performed_via_github_app");
    comment.set("user", author.map(this::user).orElse(null));
    return comment;
  }

  ObjectNode side(String ref, String sha, String repository, String defaultBranch) {
    var owner = repository.substring(0, repository.indexOf('/'));
    var side = object().put("label", owner + ":" + ref).put("ref", ref).put("sha", sha);
    side.set("user", user(owner));
    side.set("repo", repository(repository, defaultBranch));
    return side;
  }

  /// As lists have it; the full one has more.
  ObjectNode pullRequest(int number, String author) {
    var url = repositoryUrl() + "/pulls/" + number;
    var issue = repositoryUrl() + "/issues/" + number;
    var page = page("/pull/" + number);
    var pull =
        object()
            .put("url", url)
            .put("id", 5_000_000L + number)
            .put("node_id", "PR_" + number)
            .put("html_url", page)
            .put("diff_url", page + ".diff")
            .put("patch_url", page + ".patch")
            .put("issue_url", issue)
            .put("commits_url", url + "/commits")
            .put("review_comments_url", url + "/comments")
            .put("review_comment_url", url + "/comments{/number}")
            .put("comments_url", issue + "/comments")
            .put("statuses_url", repositoryUrl() + "/statuses/x")
            .put("number", number)
            .put("locked", false)
            .put("created_at", time(born))
            .put("updated_at", time(born))
            .putNull("milestone")
            .putNull("assignee")
            .putNull("auto_merge")
            .put("author_association", "CONTRIBUTOR");
    pull.set("user", user(author));
    pull.putArray("labels");
    pull.putArray("assignees");
    pull.putArray("requested_reviewers");
    pull.putArray("requested_teams");
    var links = pull.putObject("_links");
    Stream.of(
            "comments",
            "commits",
            "statuses",
            "html",
            "issue",
            "review_comments",
            "review_comment",
            "self")
        .forEach(link -> links.putObject(link).put("href", url));
    return pull;
  }

  ObjectNode app(String slug) {
    var app =
        object()
            .put("id", 15368)
            .put("slug", slug)
            .put("node_id", "A_" + slug)
            .put("name", slug)
            .put("description", "")
            .put("external_url", "https://help.github.com/en/actions")
            .put("html_url", web + "/apps/" + slug)
            .put("created_at", time(born))
            .put("updated_at", time(born));
    app.set("owner", user("github"));
    app.putObject("permissions").put("checks", "write");
    app.putArray("events");
    return app;
  }

  ObjectNode reaction(long id, String login, String content, Instant made) {
    var reaction =
        object()
            .put("id", id)
            .put("node_id", "REA_" + id)
            .put("content", content)
            .put("created_at", time(made));
    reaction.set("user", user(login));
    return reaction;
  }

  ObjectNode ref(String ref, String sha) {
    var body =
        object()
            .put("ref", ref)
            .put("node_id", "REF_" + ref)
            .put("url", repositoryUrl() + "/git/" + ref);
    body.putObject("object")
        .put("type", "commit")
        .put("sha", sha)
        .put("url", repositoryUrl() + "/git/commits/" + sha);
    return body;
  }
}
