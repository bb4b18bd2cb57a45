package dev.backfill.testing.github;

import dev.backfill.testing.NpmPackage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Real payloads GitHub has sent, as its own client's authors collected them: what a runner puts
/// into `GITHUB_EVENT_PATH`. Needs [dev.backfill.testing.ContractTest].
public final class Webhooks {
  private static final NpmPackage PACKAGE =
      new NpmPackage(
          "@octokit/webhooks-examples",
          "7.6.1",
          "De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==");

  private Webhooks() {}

  /// Names of all events there are payloads of.
  public static List<String> events() {
    var names = new ArrayList<String>();
    all().forEach(event -> names.add(event.path("name").asString()));
    return names;
  }

  /// The payloads of an event, as JSON text. `schedule` has none: its file holds just the cron.
  ///
  /// @param event `pull_request`, `issue_comment`, ...
  public static List<String> payloads(String event) {
    var payloads = new ArrayList<String>();
    for (var one : all()) {
      if (one.path("name").asString().equals(event)) {
        one.path("examples").forEach(example -> payloads.add(example.toString()));
      }
    }
    if (payloads.isEmpty()) {
      throw new IllegalArgumentException("no payloads of " + event);
    }
    return payloads;
  }

  private static JsonNode all() {
    try {
      return Shapes.JSON.readTree(Files.readString(PACKAGE.file("api.github.com/index.json")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
