package dev.backfill.report;

import dev.backfill.change.Impact;
import dev.backfill.change.JudgedChange;
import dev.backfill.plan.Cause;
import dev.backfill.plan.Cutover;
import dev.backfill.plan.Feed;
import dev.backfill.plan.ForkedPipe;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Scenario;
import dev.backfill.plan.Seam;
import dev.backfill.project.TimeType;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The sealed core as text, `deploy/<version>/plan.json`: sorted keys, no blanks, NFC.
public final class CoreJson {
  /// The only version of the document that this program writes and reads.
  public static final int SCHEMA_VERSION = 1;

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private CoreJson() {}

  /// A text that isn't a core. The message names the place in the document and what is wrong with
  /// it; it may hold text from a pull request.
  public static final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int line;

    Malformed(int line, String message) {
      super(message);
      this.line = line;
    }

    /// Counted from 1; 0 when unknown.
    public int line() {
      return line;
    }
  }

  /// The canonical text that is hashed; without a newline at its end.
  public static String write(PlanCore core) {
    return Json.canonical(document(core));
  }

  /// The text of the file: [#write] and a newline.
  public static String file(PlanCore core) {
    return write(core) + "\n";
  }

  /// Reads what [#write] or [#file] gave, in any layout. Keys it doesn't know are passed over.
  ///
  /// @throws Malformed when it isn't such a document, lacks a key or holds a name that couldn't be
  ///   one
  public static PlanCore read(String text) {
    JsonNode root;
    try {
      root = MAPPER.readTree(text);
    } catch (JacksonException e) {
      var where = e.getLocation();
      // What the library adds in brackets is about its own settings.
      var said =
          String.valueOf(e.getOriginalMessage()).replaceFirst("(?s)\\s*\\([^(]*\\[Source:.*", "");
      throw new Malformed(where == null ? 0 : where.getLineNr(), said);
    }
    var doc = new Doc(root, "");
    doc.expectObject();
    var schema = doc.integer("schemaVersion");
    if (schema != SCHEMA_VERSION) {
      throw doc.wrong(
          "schemaVersion",
          "is "
              + schema
              + ", this program reads "
              + SCHEMA_VERSION
              + "; use the one that wrote it");
    }
    return new PlanCore(
        schema,
        doc.text("rules"),
        doc.matching("flavour", "[a-z]+"),
        doc.matching("version", "([0-9A-Za-z][0-9A-Za-z._-]*)?"),
        doc.optional("workspace"),
        doc.list("changes", CoreJson::change),
        doc.list("migrations", CoreJson::migration),
        doc.list("forkedPipes", p -> new ForkedPipe(p.name("original"), p.name("fork"))),
        cutover(doc.object("cutover")),
        limits(doc.object("limits")),
        doc.list("files", CoreJson::generated));
  }

  static Map<String, Object> document(PlanCore core) {
    var out = new LinkedHashMap<String, Object>();
    out.put("schemaVersion", core.schemaVersion());
    out.put("rules", core.rules());
    out.put("flavour", core.flavour());
    out.put("version", core.version());
    core.workspace().ifPresent(w -> out.put("workspace", w));
    out.put("changes", core.changes().stream().map(CoreJson::change).toList());
    out.put("migrations", core.migrations().stream().map(CoreJson::migration).toList());
    out.put(
        "forkedPipes",
        core.forkedPipes().stream()
            .map(p -> Map.of("original", p.original(), "fork", p.fork()))
            .toList());
    out.put("cutover", cutover(core.cutover()));
    out.put("limits", limits(core.limits()));
    out.put("files", core.files().stream().map(CoreJson::generated).toList());
    return out;
  }

  static Map<String, Object> change(JudgedChange change) {
    var out = new LinkedHashMap<String, Object>();
    out.put("file", change.file());
    out.put("line", change.line());
    out.put("resource", change.resource());
    out.put("kind", change.kind());
    out.put("before", change.before());
    out.put("after", change.after());
    out.put("impact", change.impact().toString());
    out.put("destructive", change.destructive());
    out.put("reason", change.reason());
    change
        .platform()
        .ifPresent(p -> {
          var platform = new LinkedHashMap<String, Object>();
          platform.put("does", p.does());
          platform.put("known", p.known().toString());
          out.put("platform", platform);
        });
    return out;
  }

  private static JudgedChange change(Doc doc) {
    return new JudgedChange(
        doc.text("file"),
        doc.integer("line"),
        doc.text("resource"),
        doc.text("kind"),
        doc.text("before"),
        doc.text("after"),
        doc.oneOf("impact", Impact.values()),
        doc.bool("destructive"),
        doc.text("reason"));
  }

  private static Map<String, Object> migration(Migration migration) {
    var out = new LinkedHashMap<String, Object>();
    out.put("source", migration.source());
    out.put("target", migration.target());
    out.put("cause", migration.cause().toString());
    out.put("scenario", migration.scenario().toString());
    out.put("liveFeed", feed(migration.liveFeed()));
    out.put("historyFeed", feed(migration.historyFeed()));
    out.put("trigger", migration.trigger());
    migration.timestamp().ifPresent(t -> out.put("timestamp", cutColumn(t)));
    out.put(
        "projection",
        migration.projection().stream()
            .map(p -> Map.of("column", p.column(), "expression", p.expression(), "type", p.type()))
            .toList());
    out.put("engine", migration.engine());
    out.put("sortingKey", migration.sortingKey());
    out.put("partitionKey", migration.partitionKey());
    migration.ttl().ifPresent(t -> out.put("ttl", t));
    migration.query().ifPresent(q -> out.put("query", q));
    out.put(
        "reduced",
        migration.reduced().stream()
            .map(r -> Map.of("column", r.column(), "expression", r.expression(), "key", r.key()))
            .toList());
    migration.seam().ifPresent(seam -> out.put("seam", seam(seam)));
    out.put("files", migration.files());
    return out;
  }

  private static Migration migration(Doc doc) {
    return new Migration(
        doc.name("source"),
        doc.name("target"),
        doc.oneOf("cause", Cause.values()),
        doc.oneOf("scenario", Scenario.values()),
        liveFeed(doc.object("liveFeed")),
        historyFeed(doc.object("historyFeed")),
        doc.name("trigger"),
        doc.has("timestamp") ? Optional.of(cutColumn(doc.object("timestamp"))) : Optional.empty(),
        doc.list(
            "projection",
            p -> new Migration.Projected(p.text("column"), p.text("expression"), p.text("type"))),
        doc.text("engine"),
        doc.texts("sortingKey"),
        doc.texts("partitionKey"),
        doc.optional("ttl"),
        doc.optional("query"),
        doc.list(
            "reduced",
            r -> new Migration.Reduced(r.text("column"), r.text("expression"), r.bool("key"))),
        doc.has("seam") ? Optional.of(seam(doc.object("seam"))) : Optional.empty(),
        doc.texts("files"));
  }

  private static Map<String, Object> seam(Seam seam) {
    var out = new LinkedHashMap<String, Object>();
    out.put("column", seam.column());
    out.put("columnType", seam.columnType());
    out.put("type", time(seam.type()));
    out.put("repairable", seam.repairable());
    out.put(
        "feeders",
        seam.feeders().stream()
            .map(f -> {
              var feeder = new LinkedHashMap<String, Object>();
              feeder.put("view", f.view());
              feeder.put("fork", f.fork());
              feeder.put("entry", f.entry());
              feeder.put("bucket", f.bucket());
              feeder.put("trigger", f.trigger());
              feeder.put("cut", f.cut());
              feeder.put("cutType", f.cutType());
              feeder.put("time", time(f.time()));
              feeder.put("cutBucket", f.cutBucket());
              feeder.put("query", f.query());
              return feeder;
            })
            .toList());
    return out;
  }

  private static Seam seam(Doc doc) {
    return new Seam(
        doc.text("column"),
        doc.text("columnType"),
        time(doc.object("type")),
        doc.list(
            "feeders",
            f ->
                new Seam.Feeder(
                    f.name("view"),
                    f.name("fork"),
                    f.text("entry"),
                    f.text("bucket"),
                    f.text("trigger"),
                    f.text("cut"),
                    f.text("cutType"),
                    time(f.object("time")),
                    f.text("cutBucket"),
                    f.text("query"))),
        doc.bool("repairable"));
  }

  static Map<String, Object> feed(Feed feed) {
    var out = new LinkedHashMap<String, Object>();
    out.put("kind", feed.kind().toString());
    out.put("pipe", feed.pipe());
    return out;
  }

  private static Feed.Live liveFeed(Doc doc) {
    return new Feed.Live(doc.oneOf("kind", Feed.Live.Kind.values()), pipe(doc));
  }

  private static Feed.History historyFeed(Doc doc) {
    return new Feed.History(doc.oneOf("kind", Feed.History.Kind.values()), pipe(doc));
  }

  private static String pipe(Doc doc) {
    return doc.matching("pipe", "([A-Za-z_][A-Za-z0-9_]*)?");
  }

  private static Map<String, Object> cutColumn(Migration.CutColumn cut) {
    var out = new LinkedHashMap<String, Object>();
    out.put("column", cut.column());
    out.put("targetColumn", cut.targetColumn());
    out.put("type", time(cut.type()));
    out.put("targetType", time(cut.targetType()));
    return out;
  }

  private static Migration.CutColumn cutColumn(Doc doc) {
    return new Migration.CutColumn(
        doc.text("column"),
        doc.text("targetColumn"),
        time(doc.object("type")),
        time(doc.object("targetType")));
  }

  private static Map<String, Object> time(TimeType type) {
    var out = new LinkedHashMap<String, Object>();
    out.put("kind", type.kind().toString());
    out.put("precision", type.precision());
    type.zone().ifPresent(z -> out.put("zone", z));
    out.put("nullable", type.nullable());
    return out;
  }

  private static TimeType time(Doc doc) {
    var precision = doc.integer("precision");
    if (precision < 0 || precision > 9) {
      throw doc.wrong("precision", "is " + precision + ", not 0 to 9");
    }
    return new TimeType(
        doc.oneOf("kind", TimeType.Kind.values()),
        precision,
        doc.optional("zone"),
        doc.bool("nullable"));
  }

  static Map<String, Object> cutover(Cutover cutover) {
    var out = new LinkedHashMap<String, Object>();
    out.put("bind", cutover.boundAtDeploy() ? "deploy" : "pinned");
    out.put("lead", cutover.lead().toString());
    cutover.pinned().ifPresent(at -> out.put("at", at.toString()));
    return out;
  }

  private static Cutover cutover(Doc doc) {
    var pinned = doc.matching("bind", "deploy|pinned").equals("pinned");
    return new Cutover(
        doc.duration("lead"), pinned ? Optional.of(doc.instant("at")) : Optional.empty());
  }

  private static Map<String, Object> limits(PlanCore.Limits limits) {
    var out = new LinkedHashMap<String, Object>();
    out.put("margin", limits.margin().toString());
    out.put("settle", limits.settle().toString());
    out.put("maxLateness", limits.maxLateness().toString());
    out.put("rehearsalRows", limits.rehearsalRows());
    out.put("jobsAtOnce", limits.jobsAtOnce());
    out.put("chunkRows", limits.chunkRows());
    out.put("lease", limits.lease().toString());
    out.put("poll", limits.poll().toString());
    return out;
  }

  private static PlanCore.Limits limits(Doc doc) {
    return new PlanCore.Limits(
        doc.duration("margin"),
        doc.duration("settle"),
        doc.duration("maxLateness"),
        doc.positive("rehearsalRows"),
        Math.toIntExact(Math.min(doc.positive("jobsAtOnce"), Integer.MAX_VALUE)),
        doc.positive("chunkRows"),
        doc.duration("lease"),
        doc.duration("poll"));
  }

  private static Map<String, Object> generated(PlanCore.Generated file) {
    return Map.of("path", file.path(), "mode", file.mode(), "sha256", file.sha256());
  }

  private static PlanCore.Generated generated(Doc doc) {
    var path = doc.text("path");
    if (path.isEmpty()
        || path.startsWith("/")
        || Stream.of(path.split("/", -1)).anyMatch(".."::equals)) {
      throw doc.wrong("path", "is outside the project");
    }
    return new PlanCore.Generated(
        path, doc.matching("mode", "100644|100755"), doc.matching("sha256", "[0-9a-f]{64}"));
  }

  /// An object of the document with the way that led to it.
  private record Doc(JsonNode node, String path) {
    Malformed wrong(String key, String what) {
      return new Malformed(0, "`" + at(key) + "` " + what);
    }

    private String at(String key) {
      return path.isEmpty() ? key : path + "." + key;
    }

    void expectObject() {
      if (!node.isObject()) {
        throw new Malformed(
            0, (path.isEmpty() ? "the document" : "`" + path + "`") + " is no object");
      }
    }

    boolean has(String key) {
      return node.has(key) && !node.get(key).isNull();
    }

    private JsonNode get(String key) {
      var value = node.get(key);
      if (value == null) {
        throw wrong(key, "is missing");
      }
      return value;
    }

    String text(String key) {
      var value = get(key);
      if (!value.isString()) {
        throw wrong(key, "is no string");
      }
      return value.stringValue();
    }

    String matching(String key, String pattern) {
      var value = text(key);
      if (!value.matches(pattern)) {
        throw wrong(key, "is '" + shortened(value) + "', which doesn't match " + pattern);
      }
      return value;
    }

    String name(String key) {
      return matching(key, "[A-Za-z_][A-Za-z0-9_]*");
    }

    Optional<String> optional(String key) {
      return has(key) ? Optional.of(text(key)) : Optional.empty();
    }

    boolean bool(String key) {
      var value = get(key);
      if (!value.isBoolean()) {
        throw wrong(key, "is neither true nor false");
      }
      return value.booleanValue();
    }

    private long number(String key) {
      var value = get(key);
      if (!value.isIntegralNumber() || !value.canConvertToLong()) {
        throw wrong(key, "is no whole number");
      }
      return value.longValue();
    }

    int integer(String key) {
      var value = number(key);
      if (value != (int) value) {
        throw wrong(key, "is out of range");
      }
      return (int) value;
    }

    long positive(String key) {
      var value = number(key);
      if (value <= 0) {
        throw wrong(key, "is " + value + ", not above 0");
      }
      return value;
    }

    Duration duration(String key) {
      var value = text(key);
      try {
        var duration = Duration.parse(value);
        if (!duration.isNegative()) {
          return duration;
        }
      } catch (DateTimeException e) {
        // told below
      }
      throw wrong(key, "is '" + shortened(value) + "', not a duration such as PT30M");
    }

    Instant instant(String key) {
      var value = text(key);
      try {
        return Instant.parse(value);
      } catch (DateTimeException e) {
        throw wrong(
            key, "is '" + shortened(value) + "', not an instant such as 2026-01-31T13:30:00Z");
      }
    }

    <E extends Enum<E>> E oneOf(String key, E[] values) {
      var value = text(key);
      return Stream.of(values)
          .filter(v -> v.toString().equals(value))
          .findFirst()
          .orElseThrow(
              () -> wrong(key, "is '" + shortened(value) + "', none of " + List.of(values)));
    }

    Doc object(String key) {
      var doc = new Doc(get(key), at(key));
      doc.expectObject();
      return doc;
    }

    <T> List<T> list(String key, Function<Doc, T> item) {
      var value = get(key);
      if (!value.isArray()) {
        throw wrong(key, "is no list");
      }
      var out = new ArrayList<T>();
      for (var i = 0; i < value.size(); i++) {
        var doc = new Doc(value.get(i), at(key) + "[" + i + "]");
        doc.expectObject();
        out.add(item.apply(doc));
      }
      return out;
    }

    List<String> texts(String key) {
      var value = get(key);
      if (!value.isArray()) {
        throw wrong(key, "is no list");
      }
      var out = new ArrayList<String>();
      for (var item : value) {
        if (!item.isString()) {
          throw wrong(key, "holds something other than strings");
        }
        out.add(item.stringValue());
      }
      return out;
    }

    private static String shortened(String value) {
      return value.length() <= 60 ? value : value.substring(0, 60) + "...";
    }
  }
}
