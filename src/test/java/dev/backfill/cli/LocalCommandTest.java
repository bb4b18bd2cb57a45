package dev.backfill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.testing.EngineTest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// `local` as a process: one line when it is ready, an end in order on SIGTERM.
@EngineTest
class LocalCommandTest {
  @TempDir Path folder;

  @Test
  void saysWhereItIsAndEndsOnSigterm() throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.backfill.cli.Main",
                "local",
                "--data",
                folder.resolve("data").toString(),
                "--token",
                "t0ken")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      var ready = new JsonMapper().readTree(out.readLine());

      assertThat(ready.path("token").asString()).isEqualTo("t0ken");
      assertThat(status(ready.path("url").asString(), "t0ken")).isEqualTo(200);
      assertThat(status(ready.path("url").asString(), "other")).isEqualTo(403);
      process.toHandle().destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
      assertThat(out.readLine()).isNull();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aPortThatIsNone() {
    assertThat(Cli.in(folder).run("local", "--port", "70000").status()).isEqualTo(2);
  }

  private static int status(String url, String token) throws IOException, InterruptedException {
    try (var client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create(url + "/v0/workspace"))
                  .header("Authorization", "Bearer " + token)
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }
}
