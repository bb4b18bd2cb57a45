package dev.backfill.config;

import dev.backfill.config.Settings.ForDataSource;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/// Reads `backfill.yml`. Durations are `500ms`, `2s`, `30m`, `24h`, `7d` or ISO (`PT30M`). Unknown
/// keys, keys said twice and values of another type are errors with their line; what is readable is
/// read all the same.
public final class SettingsReader {
  /// Names that `scenario` takes.
  public static final Set<String> SCENARIOS =
      Set.of(
          "not_production",
          "full_replacement",
          "streaming_timestamp",
          "populate",
          "delta",
          "move_ingestion",
          "reload",
          "kafka_twin");

  /// A target's copies run one after the other.
  private static final int MOST_JOBS = 1;

  private static final int MOST_COPY_PIPES = 100_000;

  private static final int MAX_LENGTH = 100_000;
  private static final int MAX_DEPTH = 8;
  private static final Duration MAX_DURATION = Duration.ofDays(3650);
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})\\s*(ms|s|m|h|d)");
  private static final Pattern WHOLE = Pattern.compile("[0-9]{1,18}");

  private final String path;
  private final List<Problem> problems = new ArrayList<>();

  private SettingsReader(String path) {
    this.path = path;
  }

  /// What a file says.
  ///
  /// @param settings with the defaults for what isn't said or isn't readable
  /// @param problems errors; when there is one, nothing should be done with the settings
  public record Read(Settings settings, List<Problem> problems) {
    public Read {
      problems = List.copyOf(problems);
    }
  }

  /// @param path what problems name as the file
  /// @param text its content; an empty one gives the defaults
  public static Read read(String path, String text) {
    var reader = new SettingsReader(path);
    var settings = reader.read(text);
    return new Read(settings, reader.problems);
  }

  private Settings read(String text) {
    if (text.length() > MAX_LENGTH) {
      error(Optional.empty(), "is longer than " + MAX_LENGTH + " characters");
      return Settings.DEFAULTS;
    }
    var load =
        LoadSettings.builder()
            .setLabel(path)
            .setAllowDuplicateKeys(true)
            .setMaxAliasesForCollections(0)
            .setCodePointLimit(MAX_LENGTH)
            .build();
    try {
      // Composing recurses, parsing doesn't: look at the shape first.
      if (!sane(new Parse(load), text)) {
        return Settings.DEFAULTS;
      }
      var root = new Compose(load).composeString(text);
      return root.isEmpty() || isNull(root.get()) ? Settings.DEFAULTS : settings(root.get());
    } catch (MarkedYamlEngineException e) {
      error(e.getProblemMark(), "isn't YAML: " + e.getProblem());
    } catch (YamlEngineException e) {
      error(Optional.empty(), "isn't YAML");
    }
    return Settings.DEFAULTS;
  }

  private boolean sane(Parse parse, String text) {
    var depth = 0;
    var documents = 0;
    for (var event : parse.parseString(text)) {
      if (event instanceof CollectionEndEvent) {
        depth--;
      } else if (event instanceof CollectionStartEvent && ++depth > MAX_DEPTH) {
        error(event.getStartMark(), "is nested too deeply");
        return false;
      } else if (event instanceof AliasEvent) {
        error(event.getStartMark(), "uses an alias, which isn't supported here");
        return false;
      } else if (event instanceof DocumentStartEvent && ++documents > 1) {
        error(event.getStartMark(), "holds more than one document");
        return false;
      }
    }
    return true;
  }

  private Settings settings(Node root) {
    var d = Settings.DEFAULTS;
    var keys =
        entries(
            root,
            "the file",
            Set.of(
                "lead",
                "margin",
                "settle",
                "max-lateness",
                "quiet",
                "rehearsal-rows",
                "jobs-at-once",
                "chunk-rows",
                "lease",
                "poll",
                "copy-pipes",
                "datasources"));
    var settings =
        new Settings(
            duration(keys, "lead", d.lead()),
            duration(keys, "margin", d.margin()),
            duration(keys, "settle", d.settle()),
            duration(keys, "max-lateness", d.maxLateness()),
            duration(keys, "quiet", d.quiet()),
            number(keys, "rehearsal-rows", d.rehearsalRows(), 1_000_000_000L),
            (int) number(keys, "jobs-at-once", d.jobsAtOnce(), MOST_JOBS),
            number(keys, "chunk-rows", d.chunkRows(), 1_000_000_000_000L),
            duration(keys, "lease", d.lease()),
            duration(keys, "poll", d.poll()),
            keys.containsKey("copy-pipes")
                ? OptionalInt.of((int) number(keys, "copy-pipes", 1, MOST_COPY_PIPES))
                : d.copyPipes(),
            keys.containsKey("datasources")
                ? dataSources(keys.get("datasources"))
                : new TreeMap<>());
    if (settings.lead().compareTo(settings.margin()) <= 0) {
      var mark = Optional.ofNullable(keys.getOrDefault("lead", keys.get("margin")));
      error(mark.flatMap(Node::getStartMark), "`lead` must be longer than `margin`");
    }
    return settings;
  }

  private SortedMap<String, ForDataSource> dataSources(Node node) {
    var out = new TreeMap<String, ForDataSource>();
    entries(node, "`datasources`", Set.of())
        .forEach((name, value) -> out.put(name, dataSource(name, value)));
    return out;
  }

  private ForDataSource dataSource(String name, Node node) {
    var keys =
        entries(
            node, "`" + name + "`", Set.of("scenario", "timestamp-column", "projection", "accept"));
    var scenario = text(keys, "scenario");
    if (scenario.isPresent() && !SCENARIOS.contains(scenario.get())) {
      error(
          Optional.ofNullable(keys.get("scenario")).flatMap(Node::getStartMark),
          "`scenario` must be one of " + String.join(", ", new TreeSet<>(SCENARIOS)));
      scenario = Optional.empty();
    }
    var projection = new LinkedHashMap<String, String>();
    if (keys.containsKey("projection")) {
      var columns = entries(keys.get("projection"), "`projection`", Set.of());
      columns.keySet().forEach(c -> text(columns, c).ifPresent(e -> projection.put(c, e)));
    }
    return new ForDataSource(
        scenario, text(keys, "timestamp-column"), projection, codes(keys.get("accept")));
  }

  private Set<String> codes(@org.jspecify.annotations.Nullable Node node) {
    if (node == null) {
      return Set.of();
    }
    var out = new TreeSet<String>();
    if (!(node instanceof SequenceNode list)) {
      error(node.getStartMark(), "`accept` must be a list of warning codes");
      return out;
    }
    for (var item : list.getValue()) {
      if (item instanceof ScalarNode scalar && scalar.getTag().equals(Tag.STR)) {
        out.add(scalar.getValue());
      } else {
        error(item.getStartMark(), "`accept` must be a list of warning codes");
      }
    }
    return out;
  }

  // The pairs of a mapping. No allowed keys: any name is fine.
  private Map<String, Node> entries(Node node, String what, Set<String> allowed) {
    var out = new LinkedHashMap<String, Node>();
    if (isNull(node)) {
      return out;
    }
    if (!(node instanceof MappingNode mapping)) {
      error(node.getStartMark(), what + " must hold `key: value` lines");
      return out;
    }
    var seen = new HashSet<String>();
    for (var pair : mapping.getValue()) {
      if (!(pair.getKeyNode() instanceof ScalarNode key)) {
        error(pair.getKeyNode().getStartMark(), what + " has a key that isn't a name");
      } else if (!seen.add(key.getValue())) {
        error(key.getStartMark(), "`" + key.getValue() + "` is said twice");
      } else if (!allowed.isEmpty() && !allowed.contains(key.getValue())) {
        problems.add(
            Problem.error(
                "unknown_setting",
                place(key.getStartMark()),
                "`" + key.getValue() + "` isn't a setting.",
                "Known here: " + String.join(", ", new TreeSet<>(allowed)) + "."));
      } else {
        out.put(key.getValue(), pair.getValueNode());
      }
    }
    return out;
  }

  private Optional<String> text(Map<String, Node> keys, String key) {
    var node = keys.get(key);
    if (node == null) {
      return Optional.empty();
    }
    // A number or boolean is taken as the text it is written in: `projection: {n: 0}` is fine.
    if (node instanceof ScalarNode scalar && !isNull(node) && !scalar.getValue().isBlank()) {
      return Optional.of(scalar.getValue());
    }
    error(node.getStartMark(), "`" + key + "` must be a text");
    return Optional.empty();
  }

  private Duration duration(Map<String, Node> keys, String key, Duration otherwise) {
    var node = keys.get(key);
    if (node == null) {
      return otherwise;
    }
    if (node instanceof ScalarNode scalar) {
      var duration = parse(scalar.getValue());
      if (duration.isPresent()
          && duration.get().isPositive()
          && duration.get().compareTo(MAX_DURATION) <= 0) {
        return duration.get();
      }
    }
    error(
        node.getStartMark(),
        "`" + key + "` must be a duration above zero like 30m, 24h, 2s, 500ms, 7d or PT30M");
    return otherwise;
  }

  private static Optional<Duration> parse(String text) {
    var matcher = DURATION.matcher(text.strip());
    if (matcher.matches()) {
      var n = Long.parseLong(matcher.group(1));
      return Optional.of(
          switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(n);
            case "s" -> Duration.ofSeconds(n);
            case "m" -> Duration.ofMinutes(n);
            case "h" -> Duration.ofHours(n);
            default -> Duration.ofDays(n);
          });
    }
    try {
      return text.startsWith("P") ? Optional.of(Duration.parse(text)) : Optional.empty();
    } catch (DateTimeParseException _) {
      return Optional.empty();
    }
  }

  private long number(Map<String, Node> keys, String key, long otherwise, long max) {
    var node = keys.get(key);
    if (node == null) {
      return otherwise;
    }
    if (node instanceof ScalarNode scalar) {
      var digits = scalar.getValue().replace("_", "");
      if (WHOLE.matcher(digits).matches()) {
        var value = Long.parseLong(digits);
        if (value >= 1 && value <= max) {
          return value;
        }
      }
    }
    error(
        node.getStartMark(),
        max == 1
            ? "`" + key + "` can only be 1: more isn't supported yet"
            : "`" + key + "` must be a whole number from 1 to " + max);
    return otherwise;
  }

  private static boolean isNull(Node node) {
    return node instanceof ScalarNode && node.getTag().equals(Tag.NULL);
  }

  private void error(Optional<Mark> mark, String message) {
    problems.add(Problem.error("bad_setting", place(mark), message + ".", ""));
  }

  private Place place(Optional<Mark> mark) {
    return mark.map(m -> new Place(path, m.getLine() + 1, m.getColumn() + 1))
        .orElse(Place.of(path));
  }
}
