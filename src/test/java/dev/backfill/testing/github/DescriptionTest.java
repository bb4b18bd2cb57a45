package dev.backfill.testing.github;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.testing.ContractTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The judge of the fake judges: what is planted is found.
@ContractTest
class DescriptionTest {
  private static final String HERE = "/repos/acme/analytics";
  private static final Map<String, String> HEADERS =
      Map.of("accept", "application/vnd.github+json", "content-type", "application/json");

  private final Description description = Description.shared().orElseThrow();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "POST | /issues/1/comments | {} | body",
        "POST | /issues/1/comments | {\"body\": 1} | integer",
        "POST | /issues/one/comments | {\"body\": \"x\"} | issue_number",
        "POST | /check-runs | {\"name\": \"a\"} | head_sha",
        "POST | /check-runs | {\"name\": \"a\", \"head_sha\": \"x\", \"status\": \"done\"} | status",
        "POST | /issues/comments/1/reactions | {\"content\": \"thumbsup\"} | content",
        "POST | /git/trees | {\"tree\": [{\"path\": \"x\", \"mode\": \"0755\"}]} | mode",
        "POST | /pulls | {\"title\": \"t\", \"head\": \"h\"} | base",
        "PATCH | /git/refs/heads%2Fmain | {\"force\": \"no\"} | sha",
        "GET | /no/such/thing | | path",
        "DELETE | /check-runs/1 | | not allowed",
      })
  void aPlantedWrongRequestIsFound(String method, String path, String body, String named) {
    var problems =
        description.problems(
            method, HERE + path, Map.of(), HEADERS, body == null ? "" : body, Optional.empty());

    assertThat(problems).isNotEmpty().anySatisfy(problem -> assertThat(problem).contains(named));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "200 | {\"permission\": \"admin\", \"user\": null} | role_name",
        "200 | {\"permission\": true, \"role_name\": \"admin\", \"user\": null} | permission",
        "200 | {\"permission\": \"admin\", \"role_name\": \"a\", \"user\": {\"login\": \"x\"}} | node_id",
        "200 | [] | array",
        "201 | {\"permission\": \"admin\", \"role_name\": \"admin\", \"user\": null} | 201",
        "404 | {\"message\": 404} | message",
      })
  void aPlantedWrongResponseIsFound(int status, String body, String named) {
    var problems =
        description.problems(
            "GET",
            HERE + "/collaborators/ana/permission",
            Map.of(),
            HEADERS,
            "",
            Optional.of(new Description.Response(status, Optional.of(body), Map.of())));

    assertThat(problems).isNotEmpty().anySatisfy(problem -> assertThat(problem).contains(named));
  }

  @Test
  void aRightExchangeIsNotComplainedAbout() {
    assertThat(
            description.problems(
                "GET",
                HERE + "/collaborators/ana/permission",
                Map.of(),
                HEADERS,
                "",
                Optional.of(
                    new Description.Response(
                        200,
                        Optional.of(
                            "{\"permission\": \"admin\", \"role_name\": \"admin\", \"user\": null}"),
                        Map.of()))))
        .isEmpty();
  }

  @Test
  void theFakeDoesNotCloseQuietlyAfterAWrongRequest(@TempDir Path folder) throws Exception {
    var scene = new GitHubScene(folder);
    var request =
        HttpRequest.newBuilder(
                URI.create(scene.fake.url() + HERE + "/issues/" + scene.pull + "/comments"))
            .header("Authorization", "Bearer " + scene.fake.actionsToken())
            .header("Accept", "application/vnd.github+json")
            .header("Content-Type", "application/json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .POST(HttpRequest.BodyPublishers.ofString("{\"body\": \"x\", \"labels\": [1]}"))
            .build();
    try (var client = HttpClient.newHttpClient()) {
      client.send(request, HttpResponse.BodyHandlers.discarding());
    }

    assertThat(scene.fake.violations()).hasSize(1).first().asString().contains("labels");
    assertThatThrownBy(scene::close)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("labels");
  }

  @Test
  void thereAreRealPayloadsOfTheEventsWeListenTo() {
    assertThat(Webhooks.events())
        .contains("pull_request", "issue_comment", "push", "merge_group", "workflow_dispatch");
    assertThat(List.of("pull_request", "issue_comment", "push", "workflow_dispatch"))
        .allSatisfy(event -> assertThat(Webhooks.payloads(event)).isNotEmpty());
  }
}
