package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.github.Permission;
import dev.backfill.testing.github.Fault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Canaries: three tokens go into real processes, the outside throws them back, and nothing that a
/// run writes holds any of them but the masks.
class SecretsTest {
  private static final String WORKSPACE = "p.eyCANARY-of-the-workspace";

  /// The program as a process: nothing but its environment goes in.
  private static final ActionScene.Launch PROCESS =
      (environment, folder, log) -> {
        try {
          var builder =
              new ProcessBuilder(
                      Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                      "-XX:TieredStopAtLevel=1",
                      "-cp",
                      absolute(System.getProperty("java.class.path")),
                      "dev.backfill.cli.Main",
                      "action")
                  .directory(folder.toFile())
                  .redirectErrorStream(true);
          builder.environment().clear();
          builder.environment().putAll(environment);
          var process = builder.start();
          process.getInputStream().transferTo(log);
          return process.waitFor();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      };

  @TempDir Path folder;

  @Test
  void noTokenIsInAnythingARunWrites() throws Exception {
    try (var scene = new ActionScene(folder, PROCESS);
        var echo = new MockWebServer()) {
      echo.setDispatcher(
          new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
              return new MockResponse.Builder()
                  .code(403)
                  .body(
                      "{\"error\":\"no: token="
                          + WORKSPACE
                          + " "
                          + request.getHeaders().get("Authorization")
                          + " "
                          + request.getTarget()
                          + "\"}")
                  .build();
            }
          });
      echo.start();
      var github = String.valueOf(scene.environment.get("INPUT_TOKEN"));
      var app = scene.fake.token("bot[bot]", Optional.of("bot"), "contents=write");
      scene.environment.put("INPUT_TINYBIRD-TOKEN", WORKSPACE);
      scene.environment.put("INPUT_COMMIT-TOKEN", app);
      scene.environment.put("INPUT_HOST", "http://localhost:" + echo.getPort());
      scene.fake.person("ana", Permission.ADMIN);
      var said = new ByteArrayOutputStream();
      var ran = new ArrayList<ActionScene.Ran>();
      var number = scene.opened();
      ran.add(scene.onPullRequest(number, "topic"));
      ran.add(
          scene.run(
              "workflow_dispatch",
              "{}",
              Map.of("INPUT_COMMAND", "rehearse", "INPUT_PR", String.valueOf(number))));
      var comment = scene.fake.say(number, "ana", "/backfill rehearse");
      ran.add(scene.onComment(number, "ana", "/backfill rehearse", comment));
      scene.fake.always(
          c -> c.path().contains("check-runs"),
          Fault.status(403, "bad token " + github + " " + app));
      ran.add(scene.onPullRequest(number, "topic"));

      assertThat(ran).extracting(ActionScene.Ran::status).containsExactly(0, 3, 3, 1);
      assertThat(ran.get(1).log()).contains("403");
      for (var each : ran) {
        var masks = each.log().lines().takeWhile(l -> l.startsWith("::add-mask::")).toList();
        assertThat(masks)
            .as("masked before anything else")
            .containsExactlyInAnyOrder(
                "::add-mask::" + github, "::add-mask::" + app, "::add-mask::" + WORKSPACE);
        said.writeBytes(
            (each.log().lines().skip(masks.size()).collect(Collectors.joining("\n"))
                    + each.summary()
                    + each.outputs())
                .getBytes(StandardCharsets.UTF_8));
      }
      scene
          .fake
          .comments(number)
          .forEach(c -> said.writeBytes(c.body().getBytes(StandardCharsets.UTF_8)));
      scene
          .fake
          .checks(scene.head("topic"))
          .forEach(c -> said.writeBytes(c.toString().getBytes(StandardCharsets.UTF_8)));
      scene.synced("topic");
      try (var files = Files.walk(scene.repository.root())) {
        for (var file : files.filter(Files::isRegularFile).toList()) {
          if (!file.toString().contains("/.git/")) {
            said.writeBytes(Files.readAllBytes(file));
          }
        }
      }
      var everything = said.toString(StandardCharsets.UTF_8);
      assertThat(everything).hasSizeGreaterThan(20_000).contains("gets a new version");
      for (var secret : List.of(github, app, WORKSPACE, "CANARY")) {
        assertThat(everything).doesNotContain(secret);
      }
    }
  }

  private static String absolute(String classPath) {
    return java.util.stream.Stream.of(classPath.split(":"))
        .map(p -> Path.of(p).toAbsolutePath().toString())
        .collect(Collectors.joining(":"));
  }
}
