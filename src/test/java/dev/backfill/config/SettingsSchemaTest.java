package dev.backfill.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.problem.Problem;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The published schema of `backfill.yml` and the reader know the same keys, values and defaults.
class SettingsSchemaTest {
  private final JsonNode schema = schema();

  @Test
  void everySettingIsInTheSchemaAndNothingElse() {
    assertThat(names(schema.path("properties"))).isEqualTo(keys(Settings.class));
    assertThat(names(forDataSource())).isEqualTo(keys(Settings.ForDataSource.class));
  }

  @Test
  void theReaderTakesEveryDefaultTheSchemaNames() {
    var yaml = new StringBuilder();
    for (var property : schema.path("properties").properties()) {
      if (property.getValue().has("default")) {
        yaml.append(property.getKey())
            .append(": ")
            .append(property.getValue().path("default").asString())
            .append('\n');
      }
    }

    var read = SettingsReader.read("backfill.yml", yaml.toString());

    assertThat(read.problems()).isEmpty();
    assertThat(read.settings()).isEqualTo(Settings.DEFAULTS);
  }

  @Test
  void theScenariosAreTheReaders() {
    var names = new TreeSet<String>();
    forDataSource().path("scenario").path("enum").forEach(n -> names.add(n.asString()));

    assertThat(names).isEqualTo(new TreeSet<>(SettingsReader.SCENARIOS));
  }

  @Test
  void theDurationsOfThePatternAreRead() {
    var pattern = schema.path("$defs").path("duration").path("pattern").asString();
    for (var text : schema.path("$defs").path("duration").path("examples")) {
      assertThat(text.asString()).matches(pattern);
      var read = SettingsReader.read("backfill.yml", "quiet: " + text.asString());
      assertThat(read.problems()).extracting(Problem::message).isEmpty();
      assertThat(read.settings().quiet()).isPositive().isLessThanOrEqualTo(Duration.ofDays(7));
    }
  }

  private JsonNode forDataSource() {
    return schema
        .path("properties")
        .path("datasources")
        .path("additionalProperties")
        .path("properties");
  }

  private static Set<String> names(JsonNode object) {
    return object.properties().stream()
        .map(java.util.Map.Entry::getKey)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> keys(Class<?> settings) {
    return Arrays.stream(settings.getRecordComponents())
        .map(RecordComponent::getName)
        .map(n -> n.equals("dataSources") ? "datasources" : n)
        .map(n -> n.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static JsonNode schema() {
    try (var in = SettingsSchemaTest.class.getResourceAsStream("/schema/backfill.schema.json")) {
      return JsonMapper.shared().readTree(Objects.requireNonNull(in));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
