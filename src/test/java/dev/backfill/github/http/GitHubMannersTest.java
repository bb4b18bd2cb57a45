package dev.backfill.github.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backfill.failure.Failure;
import dev.backfill.failure.Failure.Kind;
import dev.backfill.http.Manners.Meaning;
import dev.backfill.http.Manners.Refusal;
import dev.backfill.http.Redact;
import dev.backfill.http.Request.Effect;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GitHubMannersTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "403 | Resource not accessible by integration | FORBIDDEN | false | FORBIDDEN | false",
        "403 | Must have admin rights to Repository.  | FORBIDDEN | false | FORBIDDEN | false",
        "403 | API rate limit exceeded for user ID 1. | WAIT      | true  | WAIT      | true",
        "403 | You have exceeded a secondary rate limit. | WAIT   | true  | WAIT      | true",
        "403 | You have triggered an abuse detection mechanism | WAIT | true | WAIT   | true",
        "429 | anything                               | WAIT      | true  | WAIT      | true",
        "500 | anything                               | WAIT      | true  | LOST      | false",
        "502 | anything                               | WAIT      | true  | LOST      | false",
        "503 | anything                               | WAIT      | true  | LOST      | false",
        "408 | anything                               | WAIT      | true  | LOST      | false",
        "401 | Bad credentials                        | FORBIDDEN | false | FORBIDDEN | false",
        "404 | Not Found                              | NOT_FOUND | false | NOT_FOUND | false",
        "410 | Issues are disabled                    | NOT_FOUND | false | NOT_FOUND | false",
        "409 | Git Repository is empty.               | CONFLICT  | false | CONFLICT  | false",
        "409 | Repository rule violations found       | FORBIDDEN | false | FORBIDDEN | false",
        "422 | Protected branch update failed         | FORBIDDEN | false | FORBIDDEN | false",
        "422 | Update is not a fast forward           | PERMANENT | false | PERMANENT | false",
        "301 | Moved Permanently                      | PERMANENT | false | PERMANENT | false",
        "400 | Problems parsing JSON                  | PERMANENT | false | PERMANENT | false",
      })
  void aRefusalMeans(
      int status, String text, Kind read, boolean readAgain, Kind write, boolean writeAgain) {
    var reading = meaning(Effect.REPEATABLE, status, text, Map.of(), 1);
    var writing = meaning(Effect.ONCE, status, text, Map.of(), 1);

    assertThat(reading.kind()).isEqualTo(read);
    assertThat(reading.again()).isEqualTo(readAgain);
    assertThat(writing.kind()).isEqualTo(write);
    assertThat(writing.again()).isEqualTo(writeAgain);
    assertThat(reading.advice()).endsWith(".");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // the last second of the limit
        "retry-after: 30               | 1 | PT30S",
        "retry-after: 0                | 1 | PT1S",
        "retry-after: soon             | 1 | PT1M",
        "nothing: x                    | 1 | PT1M",
        "nothing: x                    | 3 | PT4M",
        "nothing: x                    | 99 | PT16M",
        // 00:05:00 and long past
        "x-ratelimit-reset: 1767225900 | 1 | PT5M",
        "x-ratelimit-reset: 1000000000 | 1 | PT1S",
        "x-ratelimit-reset: never      | 1 | PT1M",
      })
  void aLimitIsWaitedFor(String header, int attempt, String pause) {
    var parts = header.split(": ");
    var headers = Map.of(parts[0], parts[1], "x-ratelimit-remaining", "0");

    assertThat(meaning(Effect.ONCE, 403, "rate limit", headers, attempt).pause())
        .contains(Duration.parse(pause));
  }

  @Test
  void theResetIsOnGitHubsClock() {
    var headers =
        Map.of(
            "x-ratelimit-remaining",
            "0",
            "x-ratelimit-reset",
            "1767225900",
            "date",
            "Thu, 01 Jan 2026 00:04:30 GMT");

    assertThat(meaning(Effect.ONCE, 429, "", headers, 1).pause()).contains(Duration.ofSeconds(30));
  }

  @Test
  void theResetDoesNotCountWhileRequestsAreLeft() {
    var headers = Map.of("x-ratelimit-remaining", "4000", "x-ratelimit-reset", "1767225900");

    assertThat(meaning(Effect.ONCE, 403, "secondary rate limit", headers, 1).pause())
        .contains(Duration.ofMinutes(1));
  }

  @Test
  void aMissingPermissionIsNamedAndNothingElseGetsIntoTheText() {
    var named = Map.of("x-accepted-github-permissions", "issues=write; pull_requests=write");
    assertThat(meaning(Effect.ONCE, 403, "no", named, 1).advice())
        .contains("issues=write; pull_requests=write");

    var hostile = Map.of("x-accepted-github-permissions", "<img src=x>");
    assertThat(meaning(Effect.ONCE, 403, "no", hostile, 1).advice()).doesNotContain("img");
  }

  @ParameterizedTest
  @CsvSource({
    "https://api.github.com, https://api.github.com",
    "https://api.github.com/, https://api.github.com",
    "https://github.acme.example/api/v3, https://github.acme.example/api/v3",
    "http://127.0.0.1:8080, http://127.0.0.1:8080",
    "http://localhost:8080/api/v3/, http://localhost:8080/api/v3",
  })
  void anAddressOfTheApiIsTaken(String text, String uri) {
    assertThat(ApiUrl.parse(text)).hasToString(uri);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "api.github.com",
        "http://api.github.com",
        "http://127.0.0.1.evil.example",
        "https://user:secret@api.github.com",
        "https://api.github.com?token=secret",
        "https://api.github.com#x",
        "file:///etc/passwd",
        "",
        "not an address",
      })
  void anythingElseIsNot(String text) {
    assertThatThrownBy(() -> ApiUrl.parse(text))
        .isInstanceOf(Failure.Usage.class)
        .message()
        .doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        "gho_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789",
      })
  void whatLooksLikeATokenIsShownToNobody(String token) {
    assertThat(new Redact().text("said " + token + ", and more")).isEqualTo("said ***, and more");
  }

  private static Meaning meaning(
      Effect effect, int status, String text, Map<String, String> headers, int attempt) {
    return new GitHubManners().meaning(new Refusal(effect, status, headers, text, attempt), NOW);
  }

  @Test
  void whatServerErrorsAskForIsHeard() {
    assertThat(meaning(Effect.REPEATABLE, 503, "", Map.of("retry-after", "9"), 1).pause())
        .isEqualTo(Optional.of(Duration.ofSeconds(9)));
  }
}
