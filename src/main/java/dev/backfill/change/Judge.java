package dev.backfill.change;

import static dev.backfill.change.ChangeText.list;
import static dev.backfill.change.ChangeText.word;
import static dev.backfill.change.Ruling.alreadyVersioned;
import static dev.backfill.change.Ruling.inPlace;
import static dev.backfill.change.Ruling.none;
import static dev.backfill.change.Ruling.refuse;
import static dev.backfill.change.Ruling.version;

import dev.backfill.config.Settings;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.Column.DefaultKind;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Says what each change asks for. Drops and modifications are judged against the Pipes of base,
/// which are live while the deploy runs.
public final class Judge {
  private static final Pattern WRITES =
      Pattern.compile("(?i)\\b(materialized|copy|sink|stream|datasource|target_datasource)\\b");

  private final Sides sides;
  private final DataSourceRules dataSources;
  private final PipeRules pipes;
  private static final String WITH_THE_TYPE =
      "It goes with the column's new type, into the new version only.";

  private final Flow base;
  private final Flow head;
  private final Settings settings;
  private final List<Pair> pairsBefore;
  private final List<Pair> pairsAfter;
  private final Set<String> restructured;
  private final Set<String> anew;
  private final Map<String, String> twins;
  private final TreeSet<String> versioned = new TreeSet<>();

  private Judge(Sides sides) {
    this.sides = sides;
    dataSources = new DataSourceRules(sides);
    pipes = new PipeRules(sides);
    base = sides.base;
    head = sides.head;
    settings = sides.settings;
    pairsBefore = sides.pairsBefore;
    pairsAfter = sides.pairsAfter;
    restructured = sides.restructured;
    anew = sides.anew;
    twins = sides.twins;
  }

  /// @param changes what [ProjectDiff] found between the two
  public static Judgement judge(
      Project base, Project head, List<Change> changes, Settings settings) {
    return new Judge(new Sides(base, head, settings)).judge(changes);
  }

  private Judgement judge(List<Change> changes) {
    // Whether a Data Source gets a new version decides what its other changes ask for.
    for (var change : changes) {
      if (change instanceof Change.LegacyVersionChanged version
          && DataSourceRules.raised(version)) {
        anew.add(change.resource());
      }
    }
    for (var change : changes) {
      if (dataSources.needsNewTable(change)) {
        restructured.add(change.resource());
      }
    }
    var judged = new ArrayList<JudgedChange>();
    var verdicts = new ArrayList<Verdict>();
    for (var change : changes) {
      var already = sides.warnings.size();
      var ruling = ofNewVersion(change) ? intoNewVersion() : guarded(change, ruling(change));
      place(sides.warnings.subList(already, sides.warnings.size()), change);
      verdicts.add(ruling.verdict());
      judged.add(
          new JudgedChange(
              change.place().file(),
              line(change),
              change.resource(),
              ChangeText.kind(change),
              ChangeText.before(change),
              ChangeText.after(change),
              ruling.impact(),
              ruling.destructive(),
              ruling.reason(),
              Optional.of(Platform.of(change, around(change, changes)))));
    }
    return new Judgement(Verdict.strictest(verdicts), judged, versioned, twins, sides.warnings);
  }

  private Platform.Around around(Change change, List<Change> all) {
    var name = change.resource();
    var column =
        switch (change) {
          case Change.ColumnDropped c -> Optional.of(c.before());
          case Change.ColumnTypeChanged c -> Optional.of(c.before());
          default -> Optional.<Column>empty();
        };
    return new Platform.Around(
        base.project().dataSource(name).isPresent() && sides.isViewTarget(name),
        column.filter(c -> sides.inKey(name, c)).isPresent(),
        all.stream().anyMatch(c -> c.resource().equals(name) && alters(c)),
        ofNewVersion(change));
  }

  /// Whether the client sends an ALTER for it, so that it prints no warning about the rest.
  private static boolean alters(Change change) {
    return switch (change) {
      case Change.ColumnAdded _,
          Change.ColumnDropped _,
          Change.ColumnRenamed _,
          Change.ColumnTypeChanged _,
          Change.DefaultChanged _,
          Change.TtlChanged _,
          Change.IndexesChanged _ ->
          true;
      case Change.DescriptionChanged c -> c.ofDataSource() && !c.after().isEmpty();
      default -> false;
    };
  }

  private boolean ofNewVersion(Change change) {
    return anew.contains(change.resource()) && touchesRows(change);
  }

  private static Ruling intoNewVersion() {
    return alreadyVersioned("The file means a new, empty Data Source, as its VERSION is raised.");
  }

  /// Moves sides.warnings about a change from the top of the file to the line of its directive.
  private void place(List<Problem> said, Change change) {
    said.replaceAll(p ->
        p.place().equals(change.place()) && p.place().line() != line(change)
            ? Problem.warning(
                p.code(), Place.of(p.place().file(), line(change)), p.message(), p.advice())
            : p);
  }

  /// Directives have no place of their own: the line that begins with the directive's name.
  private int line(Change change) {
    var directive =
        switch (change) {
          case Change.KeyChanged c -> "ENGINE_" + c.key() + "_KEY";
          case Change.EngineOptionChanged c -> "ENGINE_" + c.option();
          case Change.EngineChanged _ -> "ENGINE";
          case Change.EngineSettingsChanged _ -> "ENGINE_SETTINGS";
          case Change.TtlChanged _ -> "ENGINE_TTL";
          case Change.IndexesChanged _ -> "INDEXES";
          case Change.DescriptionChanged _ -> "DESCRIPTION";
          case Change.TagsChanged _ -> "TAGS";
          case Change.TokensChanged _ -> "TOKEN";
          case Change.SharingChanged _ -> "SHARED_WITH";
          case Change.LegacyVersionChanged _ -> "VERSION";
          case Change.ConnectorChanged c -> c.name();
          case Change.ColumnDropped _, Change.ColumnsReordered _ -> "SCHEMA";
          case Change.RunChanged c ->
              switch (c.setting()) {
                case "mode" -> "COPY_MODE";
                case "schedule" -> "COPY_SCHEDULE";
                default -> c.setting();
              };
          case Change.TargetChanged c ->
              c.after().is(Node.Kind.COPY) ? "TARGET_DATASOURCE" : "DATASOURCE";
          default -> "";
        };
    if (!directive.isEmpty()) {
      var text = head.project().files().getOrDefault(change.place().file(), "");
      var lines = text.lines().toList();
      for (var i = 0; i < lines.size(); i++) {
        var words = lines.get(i).strip().split("\\s", 2);
        if (words[0].equalsIgnoreCase(directive)) {
          return i + 1;
        }
      }
    }
    return change.place().line();
  }

  /// The Data Sources of which a change makes new versions.
  private Set<String> versionedBy(Change change) {
    return switch (change) {
      case Change.DataSourceAdded added ->
          twins.entrySet().stream()
              .filter(e -> e.getValue().equals(added.resource()))
              .map(Map.Entry::getKey)
              .collect(Collectors.toSet());
      case Change.QueryChanged query ->
          pipes.targetsWithOtherRows(query.after()).stream()
              .filter(sides::defined)
              .collect(Collectors.toSet());
      default -> Set.of(change.resource());
    };
  }

  private Ruling ruling(Change change) {
    return switch (change) {
      case Change.FileRenamed(_, _, var from, var to) ->
          refuse(
              "Git reports "
                  + from
                  + " as renamed to "
                  + to
                  + ", and the platform refuses to deploy a renamed resource; "
                  + (fileName(from).equals(fileName(to))
                      ? "move files in a commit of their own that isn't deployed, and tell the"
                          + " workspace of it by `tb init --override-commit COMMIT`."
                      : "add the new one, and remove the old one in a later pull request."));
      case Change.NotComparable unknown -> notComparable(unknown);
      case Change.DataSourceAdded(var after) -> dataSources.added(after);
      case Change.DataSourceRemoved(var before) -> dataSources.removed(before);
      case Change.KeyChanged(_, _, var key, _, _) ->
          version(
              "The "
                  + key.name().toLowerCase(Locale.ROOT)
                  + " key of a live Data Source can't be altered, and the platform ignores the edit"
                  + " without an error.");
      case Change.EngineChanged _ ->
          version(
              "The engine of a live Data Source can't be altered, and the platform ignores the edit"
                  + " without an error.");
      case Change.EngineOptionChanged(_, _, var option, _, _) ->
          version(
              "ENGINE_"
                  + option
                  + " says how rows are merged, and the platform ignores an edit of it without an"
                  + " error.");
      case Change.EngineSettingsChanged(var resource, var place, _, _) -> {
        sides.warn(
            Problem.warning(
                "engine_settings_not_applied",
                place,
                "ENGINE_SETTINGS of " + resource + " differ, and the platform doesn't apply that.",
                ""));
        yield none("The platform doesn't apply ENGINE_SETTINGS to a live Data Source.");
      }
      case Change.TtlChanged ttl -> dataSources.ttl(ttl);
      case Change.ColumnAdded added -> dataSources.columnAdded(added);
      case Change.ColumnDropped dropped -> dataSources.columnDropped(dropped);
      case Change.ColumnRenamed(var resource, var before, var after) -> {
        sides.warn(
            Problem.warning(
                "rename_assumed",
                after.place(),
                "Column "
                    + before.name()
                    + " of "
                    + resource
                    + " went and "
                    + after.name()
                    + " of the same type came in its place; it is taken as renamed.",
                "If it isn't, give " + after.name() + " its own projection in backfill.yml."));
        yield version("A renamed column is a dropped and an added one; its values must be copied.");
      }
      case Change.ColumnsReordered(var resource, var place, _, _) -> {
        sides.warn(
            Problem.warning(
                "column_order_ignored",
                place,
                "The columns of "
                    + resource
                    + " stand in another order; the live Data Source keeps its own, and producers"
                    + " that send values by position must not follow the file.",
                ""));
        yield none("Columns are read by name; the order of the live Data Source stays.");
      }
      case Change.ColumnTypeChanged type -> dataSources.typeChanged(type);
      case Change.DefaultChanged c when DataSourceRules.kindOfValueChanged(c) ->
          version("A column can't be altered between stored and computed.");
      case Change.DefaultChanged(_, var before, var after) when retyped(change, before, after) ->
          version(WITH_THE_TYPE);
      case Change.JsonPathChanged(_, var before, var after) when retyped(change, before, after) ->
          version(WITH_THE_TYPE);
      case Change.DefaultChanged(_, _, var after) ->
          inPlace(
              after.defaultKind() == DefaultKind.NONE
                  ? "New rows without the value are quarantined from now on; stored rows stay."
                  : "New rows get the new default; stored rows keep what they have.");
      case Change.JsonPathChanged(var resource, _, var after) -> {
        sides.warn(
            Problem.warning(
                "json_path_not_proven",
                after.place(),
                "The JSON path of "
                    + resource
                    + "."
                    + after.name()
                    + " changes; stored rows keep the old value, and the platform's answer to this"
                    + " edit isn't documented.",
                "Look at the column after the deploy."));
        yield inPlace(
            after.jsonPath().isEmpty()
                ? "New rows have nothing to read the column from any more; stored rows stay."
                : "New rows are read from another path; stored rows stay.");
      }
      case Change.CodecChanged _ ->
          inPlace("Stored rows are recompressed when their parts are merged.");
      case Change.IndexesChanged _ ->
          inPlace("Indexes are altered; stored parts are indexed when they are merged.");
      case Change.DescriptionChanged c ->
          c.ofDataSource()
              ? inPlace("Only the text for people changes.")
              : none("Only the text for people changes.");
      case Change.TagsChanged _ -> inPlace("Only the tags change.");
      case Change.TokensChanged tokens -> dataSources.tokens(tokens);
      case Change.TokenFileChanged _ -> none("A token holds no rows.");
      case Change.ConnectorChanged connector -> dataSources.connector(connector);
      case Change.SharingChanged(var resource, var place, _, _) -> {
        sides.warn(
            Problem.warning(
                "sharing_needs_a_user_token",
                place,
                "Who " + resource + " is shared with is changed only by a user's own token.",
                ""));
        yield none("Rows and schema stay.");
      }
      case Change.LegacyVersionChanged version -> dataSources.legacyVersion(version);
      case Change.PipeAdded(var after) -> pipes.pipeAdded(after);
      case Change.PipeRemoved(var before) -> pipes.pipeRemoved(before);
      case Change.PipeKindChanged(_, var after, _, _) when sides.isMigrationPipe(after.name()) ->
          alreadyVersioned("The Pipe belongs to a migration that is under way.");
      case Change.PipeKindChanged(_, var after, var was, var is) -> {
        sides.warn(
            Problem.warning(
                "pipe_role_changed",
                after.place(),
                after.name() + " was " + word(was) + " and becomes " + word(is) + ".",
                ""));
        yield none("A Pipe holds no rows.");
      }
      case Change.TargetChanged target -> pipes.target(target);
      case Change.QueryChanged query -> pipes.query(query);
      case Change.RunChanged run -> pipes.run(run);
    };
  }

  /// Whether the column is another one by its type, so that nothing else of it is altered in place.
  private boolean retyped(Change change, Column before, Column after) {
    return !anew.contains(change.resource())
        && !before.type().equals(after.type())
        && !DataSourceRules.becomesNullable(new Change.ColumnTypeChanged("", before, after));
  }

  private static String fileName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /// A change to one half of a live pair has to suit the other half too.
  private Ruling guarded(Change change, Ruling ruling) {
    if (ruling.impact() == Impact.VERSION) {
      var names = versionedBy(change);
      var refused = names.stream().flatMap(n -> notNow(n).stream()).findFirst();
      if (refused.isPresent()) {
        return refused.get();
      }
      versioned.addAll(names);
      return ruling;
    }
    var pair = livePair(change.resource());
    if (pair.isEmpty() || !touchesRows(change)) {
      return ruling;
    }
    var p = pair.get();
    var other = p.source().equals(change.resource()) ? p.target() : p.source();
    if (ruling.impact() == Impact.IN_PLACE && !sameInOther(change, other)) {
      return refuse(
          p.source()
              + " is being migrated to "
              + p.target()
              + " by "
              + p.pipe()
              + "; wait until that is cleaned up, or abandon it and make both changes in one new"
              + " version: made now, it also has to be in "
              + other
              + " and in the Pipes between them, and the platform promises nothing about rows that"
              + " arrive while "
              + p.pipe()
              + " is replaced.");
    }
    if (change instanceof Change.ColumnAdded(_, var column, _)
        && ruling.impact() == Impact.IN_PLACE
        && p.source().equals(change.resource())) {
      var without =
          pairsAfter.stream()
              .filter(o -> !o.release())
              .filter(o -> o.source().equals(p.source()) && o.target().equals(p.target()))
              .flatMap(o -> head.project().pipe(o.pipe()).stream())
              .filter(o ->
                  Outputs.of(head, o).filter(names -> !names.contains(column.name())).isPresent())
              .map(Pipe::name)
              .toList();
      if (!without.isEmpty()) {
        return refuse(
            list(without)
                + " doesn't bring "
                + column.name()
                + " from "
                + p.source()
                + " to "
                + p.target()
                + ", so rows would lose it; wait until that migration is cleaned up, or abandon it:"
                + " selected there now, the platform promises nothing about rows that arrive while "
                + p.pipe()
                + " is replaced.");
      }
    }
    return ruling;
  }

  /// Why a Data Source gets no new version while things are as they are.
  private Optional<Ruling> notNow(String dataSource) {
    var shared = base.project().dataSource(dataSource).filter(d -> !d.sharedWith().isEmpty());
    if (shared.isPresent() && !settings.of(dataSource).accept().contains("shared_source")) {
      return Optional.of(
          refuse(
              dataSource
                  + " is shared with "
                  + list(shared.get().sharedWith())
                  + ", whose Pipes go on reading the old version; say who switches them, then accept"
                  + " shared_source for it in backfill.yml."));
    }
    return livePair(dataSource)
        .map(p ->
            refuse(
                p.source()
                    + " is being migrated to "
                    + p.target()
                    + " by "
                    + p.pipe()
                    + "; finish that migration and clean up before the next one."));
  }

  /// What base says can't be read, so it can't have been deployed either; what is live is older.
  private Ruling notComparable(Change.NotComparable change) {
    var name = change.resource();
    sides.warn(
        Problem.warning(
            "base_not_readable",
            change.place(),
            name
                + " can't be read in base ("
                + change.problem().place()
                + ": "
                + change.problem().message()
                + "), so what this changes in it isn't known.",
            "Compare with an older revision in which it can be read (--base), or accept"
                + " base_not_readable for it in backfill.yml."));
    if (settings.of(name).accept().contains("base_not_readable")) {
      return none("Taken as accepted in backfill.yml: it can't be compared with base.");
    }
    if (change.pipe().filter(this::onlyAnswers).isPresent()) {
      return none("A Pipe that only answers holds no rows, whatever it was in base.");
    }
    return refuse(
        name
            + " can't be read in base, so a change that loses rows would not be seen; compare with"
            + " an older revision, or accept base_not_readable for it in backfill.yml.");
  }

  /// Nothing that writes rows passes through it, in head or by what can be made out of base.
  private boolean onlyAnswers(Pipe pipe) {
    var text = base.project().files().getOrDefault(pipe.path(), "");
    return pipe.writingNode().isEmpty()
        && !WRITES.matcher(text).find()
        && Stream.of(base, head)
            .allMatch(flow ->
                flow.project().pipes().values().stream()
                    .filter(p -> p.writingNode().isPresent())
                    .noneMatch(p -> flow.reads(p).contains(pipe.name())));
  }

  private static boolean touchesRows(Change change) {
    return switch (change) {
      case Change.ColumnAdded _,
          Change.ColumnDropped _,
          Change.ColumnRenamed _,
          Change.ColumnTypeChanged _,
          Change.KeyChanged _,
          Change.EngineChanged _,
          Change.EngineOptionChanged _ ->
          true;
      case Change.DefaultChanged c -> DataSourceRules.kindOfValueChanged(c);
      default -> false;
    };
  }

  private boolean sameInOther(Change change, String other) {
    return switch (change) {
      case Change.ColumnAdded(_, var after, _) -> typeIn(other, after);
      case Change.ColumnTypeChanged(_, _, var after) -> typeIn(other, after);
      case Change.ColumnDropped(_, _, var before) ->
          head.project().dataSource(other).flatMap(d -> d.column(before.name())).isEmpty();
      default -> true;
    };
  }

  private boolean typeIn(String dataSource, Column column) {
    return head.project()
        .dataSource(dataSource)
        .flatMap(d -> d.column(column.name()))
        .filter(c -> c.type().equals(column.type()))
        .isPresent();
  }

  private Optional<Pair> livePair(String dataSource) {
    return pairsBefore.stream()
        .filter(p -> !p.release() && p.live())
        .filter(p -> p.source().equals(dataSource) || p.target().equals(dataSource))
        .filter(p -> pairsAfter.contains(p))
        .findFirst();
  }
}
