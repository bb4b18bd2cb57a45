package dev.backfill.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.action.ActionInputs.Input;
import dev.backfill.action.ActionOutputs.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// `action.yml` is what users see; code and README say the same.
class ActionContractTest {
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `([a-z-]+)` \\|(.*?)\\|(?:(.*?)\\|)?$");

  @Test
  void theInputsAreThoseOfTheCodeWithTheSameDefaults() throws IOException {
    var defaults = new LinkedHashMap<String, String>();
    section("inputs").forEach((name, input) -> defaults.put(name, (String) input.get("default")));

    var code = new LinkedHashMap<String, String>();
    Arrays.stream(Input.values()).forEach(i -> code.put(i.key(), i.fallback()));
    assertThat(defaults).containsExactlyEntriesOf(code);
  }

  @Test
  void theOutputsAreThoseOfTheCode() throws IOException {
    assertThat(section("outputs").keySet())
        .containsExactlyElementsOf(Arrays.stream(Output.values()).map(Output::key).toList());
  }

  @Test
  void everyInputAndOutputHasASentence() throws IOException {
    for (var name : List.of("inputs", "outputs")) {
      assertThat(section(name).values())
          .allSatisfy(v -> assertThat((String) v.get("description")).endsWith("."));
    }
  }

  @Test
  void theReadmeHasTheSameTables() throws IOException {
    var readme = Files.readString(Path.of("README.md"));
    var rows = ROW.matcher(readme).results().toList();
    for (var name : List.of("inputs", "outputs")) {
      section(name)
          .forEach((key, value) ->
              assertThat(rows)
                  .as(name + " " + key)
                  .anySatisfy(row -> assertThat(cells(row)).isEqualTo(cells(key, value))));
    }
  }

  @Test
  void itIsAContainerActionThatStartsTheActionCommand() throws IOException {
    assertThat(action().get("runs"))
        .isEqualTo(Map.of("using", "docker", "image", "Dockerfile", "args", List.of("action")));
    assertThat(Files.readAllLines(Path.of("Dockerfile")))
        .noneMatch(l -> l.startsWith("USER "))
        .filteredOn(l -> l.startsWith("WORKDIR "))
        .as("only the stage that builds has one")
        .containsExactly("WORKDIR /build");
  }

  private static List<String> cells(MatchResult row) {
    return row.group(3) == null
        ? List.of(row.group(1), row.group(2).strip())
        : List.of(row.group(1), row.group(2).strip(), row.group(3).strip());
  }

  private static List<String> cells(String key, Map<String, Object> value) {
    var description = (String) value.get("description");
    var fallback = (String) value.get("default");
    return fallback == null
        ? List.of(key, description)
        : List.of(key, fallback.isEmpty() ? "" : "`" + fallback + "`", description);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Map<String, Object>> section(String name) throws IOException {
    return (Map<String, Map<String, Object>>) Objects.requireNonNull(action().get(name));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> action() throws IOException {
    return (Map<String, Object>)
        new Load(LoadSettings.builder().build())
            .loadFromString(Files.readString(Path.of("action.yml")));
  }
}
