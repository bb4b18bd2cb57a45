package dev.backfill.change;

import static dev.backfill.change.ChangeText.list;
import static dev.backfill.change.Ruling.alreadyVersioned;
import static dev.backfill.change.Ruling.cleanup;
import static dev.backfill.change.Ruling.inPlace;
import static dev.backfill.change.Ruling.inPlaceLosing;
import static dev.backfill.change.Ruling.none;
import static dev.backfill.change.Ruling.refuse;
import static dev.backfill.change.Ruling.refuseLosing;
import static dev.backfill.change.Ruling.version;

import dev.backfill.config.Settings;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.Column.DefaultKind;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// What a change to a Data Source asks for.
final class DataSourceRules {
  private static final Pattern VOLATILE =
      Pattern.compile("(?i).*\\b(now|now64|today|yesterday|rand\\w*|generate\\w+)\\s*\\(.*");

  private final Sides sides;
  private final Flow base;
  private final Flow head;
  private final Settings settings;
  private final List<Pair> pairsBefore;
  private final List<Pair> pairsAfter;
  private final Set<String> restructured;
  private final Set<String> anew;
  private final Map<String, String> twins;

  DataSourceRules(Sides sides) {
    this.sides = sides;
    base = sides.base;
    head = sides.head;
    settings = sides.settings;
    pairsBefore = sides.pairsBefore;
    pairsAfter = sides.pairsAfter;
    restructured = sides.restructured;
    anew = sides.anew;
    twins = sides.twins;
  }

  /// True for what no ALTER of the platform does.
  boolean needsNewTable(Change change) {
    if (anew.contains(change.resource())) {
      return false;
    }
    return switch (change) {
      case Change.KeyChanged _, Change.EngineChanged _, Change.EngineOptionChanged _ -> true;
      case Change.ColumnRenamed _ -> true;
      case Change.ColumnTypeChanged c ->
          !becomesNullable(c)
              || sides.isViewTarget(c.resource())
              || sides.inKey(c.resource(), c.before());
      case Change.ColumnDropped c ->
          sides.isViewTarget(c.resource()) || sides.inKey(c.resource(), c.before());
      case Change.ColumnAdded c ->
          sides.isViewTarget(c.resource()) || c.after().defaultKind() == DefaultKind.MATERIALIZED;
      case Change.DefaultChanged c -> kindOfValueChanged(c);
      case Change.ConnectorChanged c -> fixedConnector(c);
      default -> false;
    };
  }

  Ruling added(DataSource after) {
    var name = after.name();
    var pair =
        pairsAfter.stream()
            .filter(p -> !p.release())
            .filter(p -> p.target().equals(name) || p.source().equals(name))
            .findFirst();
    if (pair.isPresent()) {
      return alreadyVersioned(
          pair.get().pipe()
              + " fills "
              + pair.get().target()
              + " from "
              + pair.get().source()
              + ": a new version is there already.");
    }
    var before = base.materializing(name).stream().map(Pipe::name).toList();
    if (!before.isEmpty()) {
      return none(
          "Only its file is new; " + list(before) + " of base fills the Data Source already.");
    }
    var feeders = head.materializing(name);
    var copies = head.copying(name);
    var older = older(after, feeders, copies);
    if (older.isPresent()) {
      return alreadyVersioned(
          name
              + " is filled from the same rows as "
              + older.get()
              + ": a new version is there already.");
    }
    var whole =
        feeders.stream().filter(p -> Pair.carriesAll(head, p) && readersMove(p, name)).findFirst();
    if (whole.isPresent()) {
      return alreadyVersioned(
          whole.get().name()
              + " brings every row of "
              + head.origin(whole.get()).map(Flow.Origin::table).orElse("")
              + " to "
              + name
              + ", which readers are moved to: a new version is there already.");
    }
    if (feeders.isEmpty()
        && !copies.isEmpty()
        && copies.stream().allMatch(p -> readsOnly(p, name))
        && twinOf(after).isPresent()) {
      sides.warn(
          Problem.warning(
              "pair_reads_its_target",
              copies.getFirst().place(),
              copies.getFirst().name() + " fills " + name + " and reads it.",
              "Read " + twinOf(after).orElse("the source") + "."));
      return alreadyVersioned(
          name + " has the name of a new version, and a Pipe of its own that fills it.");
    }
    if (feeders.isEmpty() && copies.isEmpty()) {
      var source = twinOf(after);
      if (source.isPresent()) {
        twins.put(source.get(), name);
        return version(
            name + " has the name and columns of a new version of " + source.get() + ".");
      }
    }
    if (!feeders.isEmpty()) {
      sides.warn(
          Problem.warning(
              "populate_wanted",
              after.place(),
              name
                  + " gets the rows that arrive from now on; those that are there already need a"
                  + " populate before anything reads it.",
              ""));
    }
    return none("A new Data Source; nothing is there to be moved.");
  }

  /// Whether the diff points a reader of a view's origin at its target instead. One that is only
  /// there for another key keeps the origin's readers.
  private boolean readersMove(Pipe view, String target) {
    var origin = head.origin(view).map(Flow.Origin::table).orElse("");
    return head.project().pipes().values().stream()
        .filter(p -> head.reads(p).contains(target) && !head.reads(p).contains(origin))
        .anyMatch(p ->
            base.project().pipe(p.name()).filter(b -> base.reads(b).contains(origin)).isPresent());
  }

  private boolean readsOnly(Pipe pipe, String table) {
    return head.origin(pipe).filter(o -> o.table().equals(table)).isPresent();
  }

  /// The target that a new one is a version of: a related name, columns alike, filled the same way.
  private Optional<String> older(DataSource after, List<Pipe> feeders, List<Pipe> copies) {
    for (var old : base.project().dataSources().values()) {
      if (old.name().length() < after.name().length()
          && Feeds.versions(old, after)
          && ((!feeders.isEmpty() && !base.materializing(old.name()).isEmpty())
              || (!copies.isEmpty()
                  && !base.copying(old.name()).isEmpty()
                  && siblings(old.name()) == 0))) {
        return Optional.of(old.name());
      }
    }
    return Optional.empty();
  }

  /// The Data Source a bare new one is the twin of. Numbered siblings are buckets, not versions.
  private Optional<String> twinOf(DataSource after) {
    var found =
        base.project().dataSources().values().stream()
            .filter(d -> head.project().dataSource(d.name()).isPresent())
            .filter(d -> after.name().startsWith(d.name()))
            .filter(
                d -> after.name().substring(d.name().length()).matches("_?[0-9]+|_v[0-9]+|_new"))
            .filter(d ->
                !Character.isDigit(d.name().charAt(d.name().length() - 1))
                    || after.name().charAt(d.name().length()) == '_')
            .filter(d -> columnsMatch(d, after))
            .findFirst();
    if (found.isEmpty()) {
      return Optional.empty();
    }
    var stem = found.get().name();
    if (siblings(stem) > 0) {
      sides.warn(
          Problem.warning(
              "looks_like_a_twin",
              after.place(),
              after.name() + " may be a new version of " + stem + " or one more of its siblings.",
              "Say `datasources: {" + stem + ": {scenario: ...}}` in backfill.yml if it is."));
      return Optional.empty();
    }
    return Optional.of(stem);
  }

  /// How many numbered Data Sources beside this one aren't versions of it.
  private long siblings(String stem) {
    return base.project().dataSources().keySet().stream()
        .filter(n -> n.matches(Pattern.quote(stem) + "_?[0-9]+"))
        .filter(n -> pairsBefore.stream().noneMatch(p -> p.target().equals(n)))
        .count();
  }

  private boolean columnsMatch(DataSource source, DataSource twin) {
    var mapped = settings.of(source.name()).projection().keySet();
    return Pair.alike(source, twin)
        && twin.columns().stream()
            .allMatch(c ->
                source.column(c.name()).isPresent()
                    || mapped.contains(c.name())
                    || c.defaultKind() != DefaultKind.NONE
                    || c.type().isNullable());
  }

  Ruling removed(DataSource before) {
    var name = before.name();
    var users =
        head.project().pipes().values().stream()
            .filter(p ->
                head.reads(p).contains(name)
                    || p.writingNode().flatMap(Node::target).filter(name::equals).isPresent())
            .map(Pipe::name)
            .toList();
    if (!users.isEmpty()) {
      return refuseLosing(name + " is removed while " + list(users) + " still uses it.");
    }
    var successor =
        base.project().dataSources().values().stream()
            .filter(d -> !d.name().equals(name) && head.project().dataSource(d.name()).isPresent())
            .filter(d ->
                pairsBefore.stream()
                        .anyMatch(p -> p.source().equals(name) && p.target().equals(d.name()))
                    || (Pair.related(d.name(), name) && Pair.alike(d, before)))
            .findFirst();
    if (successor.isPresent()) {
      return cleanup(true, name + " goes; " + successor.get().name() + " holds its rows.");
    }
    var replacement =
        head.project().dataSources().values().stream()
            .filter(d -> base.project().dataSource(d.name()).isEmpty())
            .filter(d -> Pair.related(d.name(), name) || Pair.alike(d, before))
            .min(Comparator.comparing(d -> !Pair.related(d.name(), name)));
    if (replacement.isPresent() && !settings.of(name).accept().contains("data_removed")) {
      return refuseLosing(
          name
              + " goes with its rows, which "
              + replacement.get().name()
              + " doesn't get, as it is new in this pull request; remove it once that holds them, or"
              + " accept data_removed for it in backfill.yml.");
    }
    if (!settings.of(name).accept().contains("data_removed")) {
      sides.warn(
          Problem.warning(
              "data_removed",
              before.place(),
              name + " goes with its rows, and no other Data Source is known to hold them.",
              "Copy what is still wanted first, or accept data_removed for it in backfill.yml."));
    }
    return cleanup(true, name + " goes with its rows; nothing in the project uses it any more.");
  }

  Ruling ttl(Change.TtlChanged change) {
    if (change.after().isEmpty()) {
      return inPlace("Rows are no longer deleted by age.");
    }
    if (change.before().isPresent()
        && Ttl.column(change.before().get()).equals(Ttl.column(change.after().get()))
        && Ttl.keepsAtLeast(change.after().get(), change.before().get())) {
      return inPlace("Rows are kept longer.");
    }
    sides.warn(
        Problem.warning(
            "ttl_deletes_rows",
            change.place(),
            "The TTL of "
                + change.resource()
                + " may become shorter; rows older than it are deleted at the next merges.",
            ""));
    return inPlaceLosing("Rows older than the new TTL are deleted at the next merges.");
  }

  private static Ruling impossible(Column column) {
    return refuse(
        "The server refuses "
            + column.type()
            + " of "
            + column.name()
            + ", which is no type of ClickHouse; the deploy stops half-way. Put Nullable inside.");
  }

  Ruling columnAdded(Change.ColumnAdded change) {
    var column = change.after();
    var resource = change.resource();
    if (column.type().impossible()) {
      return impossible(column);
    }
    if (sides.isViewTarget(resource)) {
      return version(
          "A column of a Materialized View's target gets its values from the query, so rows that are"
              + " there must be made again.");
    }
    if (column.defaultKind() == DefaultKind.MATERIALIZED) {
      return version("The platform isn't known to add computed columns to a live Data Source.");
    }
    if (VOLATILE.matcher(column.defaultExpression()).matches()) {
      sides.warn(
          Problem.warning(
              "volatile_default",
              change.place(),
              "The default of "
                  + resource
                  + "."
                  + column.name()
                  + " gives old rows another value at each read until their parts are merged.",
              ""));
    }
    if (!column.type().isNullable() && column.defaultKind() == DefaultKind.NONE) {
      sides.warn(
          Problem.warning(
              "quarantine_possible",
              change.place(),
              "Column "
                  + resource
                  + "."
                  + column.name()
                  + " has neither DEFAULT nor NULL, so rows of producers that don't send it are"
                  + " quarantined.",
              "Give it a DEFAULT or make it Nullable."));
    }
    if (restructured.contains(resource)) {
      return inPlace("The column is added to the live Data Source and to its new version.");
    }
    return inPlace("The platform adds the column; old rows read as NULL or the default.");
  }

  Ruling columnDropped(Change.ColumnDropped change) {
    var name = change.before().name();
    if (needsNewTable(change) || restructured.contains(change.resource())) {
      return version("The column is left out of the new version; the old one keeps it.");
    }
    var users = Usage.of(base, change.resource(), name);
    if (!users.isEmpty()) {
      return refuseLosing(
          list(users)
              + " selects the column while the deploy runs; take it out there first, in its own pull"
              + " request.");
    }
    return inPlaceLosing("The platform drops the column with its values; nothing selects it.");
  }

  Ruling typeChanged(Change.ColumnTypeChanged change) {
    var before = change.before();
    if (change.after().type().impossible()) {
      return impossible(change.after());
    }
    if (sides.isViewTarget(change.resource())) {
      return version(
          "A column of a Materialized View's target gets its values from the query, so rows that are"
              + " there must be made again.");
    }
    if (!becomesNullable(change)) {
      return version(
          "A column's type can't be altered on the live Data Source; values must be converted while"
              + " they are copied.");
    }
    if (sides.inKey(change.resource(), before)) {
      return version("A column of a key can't become Nullable in place.");
    }
    var all = Usage.carriedTo(base, change.resource(), before.name());
    var carried = all.stream().filter(t -> !restructured.contains(t)).toList();
    if (!carried.isEmpty()) {
      return refuse(
          "A Materialized View carries the column into "
              + list(carried)
              + ", whose type would no longer fit, and inserts would fail; wrap it in ifNull there"
              + " first.");
    }
    if (restructured.contains(change.resource())) {
      return all.isEmpty()
          ? inPlace("The column may hold NULL in the live Data Source and in its new version.")
          : version(
              "The column may hold NULL in the new version only, as the old view couldn't take it.");
    }
    return inPlace("The platform lets the column hold NULL; stored rows stay.");
  }

  /// Whether the type only gains NULL.
  static boolean becomesNullable(Change.ColumnTypeChanged change) {
    var before = change.before().type();
    var after = change.after().type();
    return (after.name().equals("Nullable") && after.arguments().getFirst().equals(before))
        || (before.name().equals("LowCardinality")
            && after.name().equals("LowCardinality")
            && after.arguments().getFirst().name().equals("Nullable")
            && after
                .arguments()
                .getFirst()
                .arguments()
                .getFirst()
                .equals(before.arguments().getFirst()));
  }

  static boolean kindOfValueChanged(Change.DefaultChanged change) {
    return change.before().defaultKind() != change.after().defaultKind()
        && (change.before().defaultKind() == DefaultKind.MATERIALIZED
            || change.after().defaultKind() == DefaultKind.MATERIALIZED);
  }

  Ruling tokens(Change.TokensChanged change) {
    if (change.ofDataSource()) {
      sides.warn(
          Problem.warning(
              "tokens_not_applied",
              change.place(),
              "TOKEN lines of "
                  + change.resource()
                  + " differ, and the client drops that edit on a Data Source that exists.",
              "Grant or revoke it in the workspace."));
      return none("The client drops TOKEN edits of a Data Source that exists.");
    }
    return none("Tokens are granted when the Pipe is pushed; a grant is never taken back.");
  }

  private static boolean fixedConnector(Change.ConnectorChanged change) {
    return change.name().startsWith("IMPORT_")
        && Set.of("s3", "gcs", "dynamodb").contains(Platform.service(change.after()));
  }

  Ruling connector(Change.ConnectorChanged change) {
    if (change.name().startsWith("KAFKA_")) {
      sides.warn(
          Problem.warning(
              "kafka_not_applied",
              change.place(),
              change.name()
                  + " of "
                  + change.resource()
                  + " differs, and the client drops that edit on a Data Source that exists.",
              "Change it in the workspace, or add a new Data Source."));
      return none("The client drops KAFKA edits of a Data Source that exists.");
    }
    if (fixedConnector(change)) {
      return version(
          Platform.service(change.after()).equals("dynamodb")
              ? "The platform goes on reading the old table, without an error; another one needs a"
                  + " Data Source of its own."
              : "The platform refuses to change this connector on a Data Source that exists.");
    }
    if (change.name().equals("IMPORT_STRATEGY")) {
      sides.warn(
          Problem.warning(
              "import_strategy_changed",
              change.place(),
              "Every later sync of "
                  + change.resource()
                  + " "
                  + (change.is().orElse("").equalsIgnoreCase("append")
                      ? "adds rows to those that are there"
                      : "replaces the rows that are there")
                  + ", which readers may not expect.",
              ""));
    }
    if (change.name().startsWith("IMPORT_")) {
      return inPlace("The connector is updated; the next sync follows it.");
    }
    sides.warn(
        Problem.warning(
            "directive_not_known",
            change.place(),
            change.name() + " of " + change.resource() + " differs; its effect isn't known.",
            ""));
    return none("The directive doesn't change what is stored.");
  }

  static boolean raised(Change.LegacyVersionChanged change) {
    return change.ofDataSource()
        && change.after().isPresent()
        && change.after().get() > change.before().orElse(-1);
  }

  Ruling legacyVersion(Change.LegacyVersionChanged change) {
    if (!change.ofDataSource()) {
      var view = head.project().pipe(change.resource()).filter(p -> p.is(Node.Kind.MATERIALIZED));
      if (view.isPresent()) {
        sides.warn(
            Problem.warning(
                "legacy_view_stays",
                change.place(),
                "The client pushes "
                    + change.resource()
                    + " under another name when its VERSION differs, and the view that is there goes"
                    + " on filling its target.",
                "Remove the old view in the workspace, or rows count twice."));
      }
      return none("A Pipe of another name is pushed; it holds no rows.");
    }
    if (change.after().isEmpty()) {
      return refuse(
          "Without VERSION the file means another Data Source, empty, while Pipes are still pointed"
              + " at the old one.");
    }
    if (!raised(change)) {
      return refuse(
          "With a lower VERSION the file means an older Data Source, whose rows end where "
              + change.resource()
              + "__v"
              + change.before().orElse(0)
              + " begins.");
    }
    return alreadyVersioned(
        "VERSION makes the platform create "
            + change.resource()
            + "__v"
            + change.after().get()
            + ", empty; its rows must be brought there.");
  }
}
