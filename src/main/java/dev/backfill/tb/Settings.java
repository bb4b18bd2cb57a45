package dev.backfill.tb;

import dev.backfill.failure.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The file `.tinyb`: where this folder is logged in.
final class Settings {
  private final Path file;
  private final ObjectNode json;

  private Settings(Path file, ObjectNode json) {
    this.file = file;
    this.json = json;
  }

  static Settings in(Path folder) {
    var file = folder.resolve(".tinyb");
    if (!Files.exists(file)) {
      return new Settings(file, Api.JSON.createObjectNode());
    }
    try {
      if (Api.JSON.readTree(Files.readString(file)) instanceof ObjectNode object) {
        return new Settings(file, object);
      }
    } catch (IOException | JacksonException e) {
      // the message below
    }
    throw new Stopped("The file .tinyb can't be read. Log in again with: tb auth");
  }

  Optional<String> text(String name) {
    var value = json.path(name);
    return value.isString() ? Optional.of(value.asString()) : Optional.empty();
  }

  /// The token of the main workspace: a branch's is no way back.
  Optional<String> mainToken(String host) {
    var value = json.path("tokens").path(host);
    return value.isString() ? Optional.of(value.asString()) : Optional.empty();
  }

  void login(String host, String token, JsonNode workspace) {
    json.put("host", host);
    json.put("token", token);
    for (var name : java.util.List.of("id", "name", "user_email", "user_id", "scope")) {
      json.set(name, workspace.path(name));
    }
    if (workspace.path("main").isNull() || workspace.path("main").isMissingNode()) {
      json.withObject("tokens").put(host, token);
    }
    save();
  }

  private void save() {
    try {
      Files.writeString(file, json.toPrettyString() + "\n");
    } catch (IOException e) {
      throw new Failure.Machine("can't write " + file, e);
    }
  }
}
