package dev.backfill.change;

import dev.backfill.config.Settings;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Column;
import dev.backfill.project.Column.DefaultKind;
import dev.backfill.project.DataSource;
import dev.backfill.project.Node;
import dev.backfill.project.Pipe;
import dev.backfill.project.Project;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Says what each change asks for. Drops and modifications are judged against the Pipes of base,
/// which are live while the deploy runs.
public final class Judge {
  private static final Pattern VOLATILE =
      Pattern.compile("(?i).*\\b(now|now64|today|yesterday|rand\\w*|generate\\w+)\\s*\\(.*");

  private static final Pattern WRITES =
      Pattern.compile("(?i)\\b(materialized|copy|sink|stream|datasource|target_datasource)\\b");

  private final Flow base;
  private final Flow head;
  private final Settings settings;
  private final List<Pair> pairsBefore;
  private final List<Pair> pairsAfter;
  private final Feeds feedsBefore;
  private final Feeds feedsAfter;
  private final Set<String> restructured = new HashSet<>();

  /// Data Sources whose VERSION is raised: the edited file means a new, empty one.
  private final Set<String> anew = new HashSet<>();

  private final Map<String, String> twins = new TreeMap<>();
  private final TreeSet<String> versioned = new TreeSet<>();
  private final List<Problem> warnings = new ArrayList<>();

  private Judge(Project base, Project head, Settings settings) {
    this.base = Flow.of(base);
    this.head = Flow.of(head);
    this.settings = settings;
    pairsBefore = Pair.of(this.base);
    pairsAfter = Pair.of(this.head);
    feedsBefore = new Feeds(this.base, pairsBefore);
    feedsAfter = new Feeds(this.head, pairsAfter);
  }

  /// @param changes what [ProjectDiff] found between the two
  public static Judgement judge(
      Project base, Project head, List<Change> changes, Settings settings) {
    return new Judge(base, head, settings).judge(changes);
  }

  /// What one change asks for.
  ///
  /// @param verdict what it adds to the verdict; not always said by the impact
  private record Ruling(Impact impact, Verdict verdict, boolean destructive, String reason) {}

  private static Ruling none(String reason) {
    return new Ruling(Impact.NONE, Verdict.NONE, false, reason);
  }

  private static Ruling inPlace(String reason) {
    return new Ruling(Impact.IN_PLACE, Verdict.IN_PLACE, false, reason);
  }

  private static Ruling inPlaceLosing(String reason) {
    return new Ruling(Impact.IN_PLACE, Verdict.IN_PLACE, true, reason);
  }

  private static Ruling version(String reason) {
    return new Ruling(Impact.VERSION, Verdict.VERSION, false, reason);
  }

  private static Ruling refuse(String reason) {
    return new Ruling(Impact.REFUSE, Verdict.REFUSE, false, reason);
  }

  private static Ruling refuseLosing(String reason) {
    return new Ruling(Impact.REFUSE, Verdict.REFUSE, true, reason);
  }

  private static Ruling alreadyVersioned(String reason) {
    return new Ruling(Impact.NONE, Verdict.ALREADY_VERSIONED, false, reason);
  }

  private static Ruling cleanup(boolean destructive, String reason) {
    return new Ruling(Impact.NONE, Verdict.CLEANUP, destructive, reason);
  }

  private Judgement judge(List<Change> changes) {
    // Whether a Data Source gets a new version decides what its other changes ask for.
    for (var change : changes) {
      if (change instanceof Change.LegacyVersionChanged version && raised(version)) {
        anew.add(change.resource());
      }
    }
    for (var change : changes) {
      if (needsNewTable(change)) {
        restructured.add(change.resource());
      }
    }
    var judged = new ArrayList<JudgedChange>();
    var verdicts = new ArrayList<Verdict>();
    for (var change : changes) {
      var already = warnings.size();
      var ruling = ofNewVersion(change) ? intoNewVersion() : guarded(change, ruling(change));
      place(warnings.subList(already, warnings.size()), change);
      verdicts.add(ruling.verdict());
      if (ruling.impact() == Impact.VERSION) {
        versionedBy(change);
      }
      judged.add(
          new JudgedChange(
              change.place().file(),
              line(change),
              change.resource(),
              kind(change),
              before(change),
              after(change),
              ruling.impact(),
              ruling.destructive(),
              ruling.reason(),
              Optional.of(Platform.of(change, around(change, changes)))));
    }
    return new Judgement(Verdict.strictest(verdicts), judged, versioned, twins, warnings);
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
        base.project().dataSource(name).isPresent() && isViewTarget(name),
        column.filter(c -> inKey(name, c)).isPresent(),
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

  /// Moves warnings about a change from the top of the file to the line of its directive.
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

  private void versionedBy(Change change) {
    switch (change) {
      case Change.DataSourceAdded added ->
          twins.forEach((source, twin) -> {
            if (twin.equals(added.resource())) {
              versioned.add(source);
            }
          });
      case Change.QueryChanged query -> versioned.addAll(targetsWithOtherRows(query.after()));
      default -> versioned.add(change.resource());
    }
  }

  /// True for what no ALTER of the platform does.
  private boolean needsNewTable(Change change) {
    if (anew.contains(change.resource())) {
      return false;
    }
    return switch (change) {
      case Change.KeyChanged _, Change.EngineChanged _, Change.EngineOptionChanged _ -> true;
      case Change.ColumnRenamed _ -> true;
      case Change.ColumnTypeChanged c ->
          !becomesNullable(c) || isViewTarget(c.resource()) || inKey(c.resource(), c.before());
      case Change.ColumnDropped c -> isViewTarget(c.resource()) || inKey(c.resource(), c.before());
      case Change.ColumnAdded c ->
          isViewTarget(c.resource()) || c.after().defaultKind() == DefaultKind.MATERIALIZED;
      case Change.DefaultChanged c -> kindOfValueChanged(c);
      case Change.ConnectorChanged c -> fixedConnector(c);
      default -> false;
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
                  + ", and the platform refuses to deploy a renamed resource; add the new one, and"
                  + " remove the old one in a later pull request.");
      case Change.NotComparable unknown -> notComparable(unknown);
      case Change.DataSourceAdded(var after) -> added(after);
      case Change.DataSourceRemoved(var before) -> removed(before);
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
        warn(
            Problem.warning(
                "engine_settings_not_applied",
                place,
                "ENGINE_SETTINGS of " + resource + " differ, and the platform doesn't apply that.",
                ""));
        yield none("The platform doesn't apply ENGINE_SETTINGS to a live Data Source.");
      }
      case Change.TtlChanged ttl -> ttl(ttl);
      case Change.ColumnAdded added -> columnAdded(added);
      case Change.ColumnDropped dropped -> columnDropped(dropped);
      case Change.ColumnRenamed(var resource, var before, var after) -> {
        warn(
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
        warn(
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
      case Change.ColumnTypeChanged type -> typeChanged(type);
      case Change.DefaultChanged c when kindOfValueChanged(c) ->
          version("A column can't be altered between stored and computed.");
      case Change.DefaultChanged(_, _, var after) ->
          inPlace(
              after.defaultKind() == DefaultKind.NONE
                  ? "New rows without the value are quarantined from now on; stored rows stay."
                  : "New rows get the new default; stored rows keep what they have.");
      case Change.JsonPathChanged(var resource, _, var after) -> {
        warn(
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
        yield inPlace("New rows are read from another path; stored rows stay.");
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
      case Change.TokensChanged tokens -> tokens(tokens);
      case Change.TokenFileChanged _ -> none("A token holds no rows.");
      case Change.ConnectorChanged connector -> connector(connector);
      case Change.SharingChanged(var resource, var place, _, _) -> {
        warn(
            Problem.warning(
                "sharing_needs_a_user_token",
                place,
                "Who " + resource + " is shared with is changed only by a user's own token.",
                ""));
        yield none("Rows and schema stay.");
      }
      case Change.LegacyVersionChanged version -> legacyVersion(version);
      case Change.PipeAdded(var after) -> pipeAdded(after);
      case Change.PipeRemoved(var before) -> pipeRemoved(before);
      case Change.PipeKindChanged(_, var after, _, _) when isMigrationPipe(after.name()) ->
          alreadyVersioned("The Pipe belongs to a migration that is under way.");
      case Change.PipeKindChanged(_, var after, var was, var is) -> {
        warn(
            Problem.warning(
                "pipe_role_changed",
                after.place(),
                after.name() + " was " + word(was) + " and becomes " + word(is) + ".",
                ""));
        yield none("A Pipe holds no rows.");
      }
      case Change.TargetChanged target -> target(target);
      case Change.QueryChanged query -> query(query);
      case Change.RunChanged run -> run(run);
    };
  }

  /// A change to one half of a live pair has to suit the other half too.
  private Ruling guarded(Change change, Ruling ruling) {
    if (ruling.impact() == Impact.VERSION) {
      var shared =
          base.project().dataSource(change.resource()).filter(d -> !d.sharedWith().isEmpty());
      if (shared.isPresent()
          && !settings.of(change.resource()).accept().contains("shared_source")) {
        return refuse(
            change.resource()
                + " is shared with "
                + list(shared.get().sharedWith())
                + ", whose Pipes go on reading the old version; say who switches them, then accept"
                + " shared_source for it in backfill.yml.");
      }
    }
    var pair = livePair(change.resource());
    if (pair.isEmpty() || !touchesRows(change)) {
      return ruling;
    }
    var p = pair.get();
    var other = p.source().equals(change.resource()) ? p.target() : p.source();
    if (ruling.impact() == Impact.VERSION) {
      return refuse(
          p.source()
              + " is being migrated to "
              + p.target()
              + " by "
              + p.pipe()
              + "; finish that migration and clean up before the next one.");
    }
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

  /// What base says can't be read, so it can't have been deployed either; what is live is older.
  private Ruling notComparable(Change.NotComparable change) {
    var name = change.resource();
    warn(
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
      case Change.DefaultChanged c -> kindOfValueChanged(c);
      default -> false;
    };
  }

  private boolean sameInOther(Change change, String other) {
    var half = head.project().dataSource(other);
    if (half.isEmpty()) {
      return false;
    }
    return switch (change) {
      case Change.ColumnAdded(_, var after, _) ->
          half.get().column(after.name()).filter(c -> c.type().equals(after.type())).isPresent();
      case Change.ColumnDropped(_, _, var before) -> half.get().column(before.name()).isEmpty();
      case Change.ColumnTypeChanged(_, _, var after) ->
          half.get().column(after.name()).filter(c -> c.type().equals(after.type())).isPresent();
      default -> true;
    };
  }

  private Optional<Pair> livePair(String dataSource) {
    return pairsBefore.stream()
        .filter(p -> !p.release() && p.live())
        .filter(p -> p.source().equals(dataSource) || p.target().equals(dataSource))
        .filter(p -> pairsAfter.contains(p))
        .findFirst();
  }

  private Ruling added(DataSource after) {
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
      warn(
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
      warn(
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
      warn(
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

  private Ruling removed(DataSource before) {
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
            .findFirst();
    if (replacement.isPresent() && !settings.of(name).accept().contains("data_removed")) {
      return refuseLosing(
          name
              + " goes with its rows, which "
              + replacement.get().name()
              + " doesn't get, as it is new in this pull request; remove it once that holds them, or"
              + " accept data_removed for it in backfill.yml.");
    }
    if (!settings.of(name).accept().contains("data_removed")) {
      warn(
          Problem.warning(
              "data_removed",
              before.place(),
              name + " goes with its rows, and no other Data Source is known to hold them.",
              "Copy what is still wanted first, or accept data_removed for it in backfill.yml."));
    }
    return cleanup(true, name + " goes with its rows; nothing in the project uses it any more.");
  }

  private Ruling ttl(Change.TtlChanged change) {
    if (change.after().isEmpty()) {
      return inPlace("Rows are no longer deleted by age.");
    }
    if (change.before().isPresent()
        && Ttl.column(change.before().get()).equals(Ttl.column(change.after().get()))
        && Ttl.keepsAtLeast(change.after().get(), change.before().get())) {
      return inPlace("Rows are kept longer.");
    }
    warn(
        Problem.warning(
            "ttl_deletes_rows",
            change.place(),
            "The TTL of "
                + change.resource()
                + " may become shorter; rows older than it are deleted at the next merges.",
            ""));
    return inPlaceLosing("Rows older than the new TTL are deleted at the next merges.");
  }

  private Ruling columnAdded(Change.ColumnAdded change) {
    var column = change.after();
    var resource = change.resource();
    if (isViewTarget(resource)) {
      return version(
          "A column of a Materialized View's target gets its values from the query, so rows that are"
              + " there must be made again.");
    }
    if (column.defaultKind() == DefaultKind.MATERIALIZED) {
      return version("The platform isn't known to add computed columns to a live Data Source.");
    }
    if (VOLATILE.matcher(column.defaultExpression()).matches()) {
      warn(
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
      warn(
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

  private Ruling columnDropped(Change.ColumnDropped change) {
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

  private Ruling typeChanged(Change.ColumnTypeChanged change) {
    var before = change.before();
    if (isViewTarget(change.resource())) {
      return version(
          "A column of a Materialized View's target gets its values from the query, so rows that are"
              + " there must be made again.");
    }
    if (!becomesNullable(change)) {
      return version(
          "A column's type can't be altered on the live Data Source; values must be converted while"
              + " they are copied.");
    }
    if (inKey(change.resource(), before)) {
      return version("A column of a key can't become Nullable in place.");
    }
    var carried =
        Usage.carriedTo(base, change.resource(), before.name()).stream()
            .filter(t -> !restructured.contains(t))
            .toList();
    if (!carried.isEmpty()) {
      return refuse(
          "A Materialized View carries the column into "
              + list(carried)
              + ", whose type would no longer fit, and inserts would fail; wrap it in ifNull there"
              + " first.");
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

  private static boolean kindOfValueChanged(Change.DefaultChanged change) {
    return change.before().defaultKind() != change.after().defaultKind()
        && (change.before().defaultKind() == DefaultKind.MATERIALIZED
            || change.after().defaultKind() == DefaultKind.MATERIALIZED);
  }

  /// Whether keys, TTL, engine options or indexes of base name the column.
  private boolean inKey(String dataSource, Column column) {
    return base.project()
        .dataSource(dataSource)
        .filter(d -> Usage.inEngine(d, column.name()))
        .isPresent();
  }

  /// Whether an ordinary Materialized View, not a migration's sync, fills it.
  private boolean isViewTarget(String dataSource) {
    return viewTarget(base, pairsBefore, dataSource) || viewTarget(head, pairsAfter, dataSource);
  }

  private static boolean viewTarget(Flow flow, List<Pair> pairs, String dataSource) {
    return flow.materializing(dataSource).stream()
        .anyMatch(p ->
            pairs.stream().noneMatch(pair -> pair.pipe().equals(p.name()))
                && !flow.recovers(p)
                && flow.origin(p).flatMap(o -> Flow.behindRelease(o.table())).isEmpty());
  }

  private Ruling tokens(Change.TokensChanged change) {
    if (change.ofDataSource()) {
      warn(
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

  private Ruling connector(Change.ConnectorChanged change) {
    if (change.name().startsWith("KAFKA_")) {
      warn(
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
      warn(
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
    warn(
        Problem.warning(
            "directive_not_known",
            change.place(),
            change.name() + " of " + change.resource() + " differs; its effect isn't known.",
            ""));
    return none("The directive doesn't change what is stored.");
  }

  private static boolean raised(Change.LegacyVersionChanged change) {
    return change.ofDataSource()
        && change.after().isPresent()
        && change.after().get() > change.before().orElse(-1);
  }

  private Ruling legacyVersion(Change.LegacyVersionChanged change) {
    if (!change.ofDataSource()) {
      var view = head.project().pipe(change.resource()).filter(p -> p.is(Node.Kind.MATERIALIZED));
      if (view.isPresent()) {
        warn(
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

  private Ruling pipeAdded(Pipe after) {
    var node = after.writingNode();
    var pair = pairsAfter.stream().filter(p -> p.pipe().equals(after.name())).findFirst();
    if (pair.isPresent() && pair.get().release()) {
      warn(
          Problem.warning(
              "release_gone",
              after.place(),
              after.name()
                  + " reads through a Release, which the platform no longer has; pushing it fails.",
              "Remove it."));
      return none("It names no Data Source of the workspace, so it moves no rows.");
    }
    var twice = twice(after);
    if (twice.isPresent()) {
      return twice.get();
    }
    if (pair.isPresent()) {
      return alreadyVersioned(
          after.name()
              + " writes "
              + pair.get().target()
              + " from "
              + pair.get().source()
              + ": their migration is written by hand.");
    }
    var unknown = notInTarget(after);
    if (!unknown.isEmpty()) {
      return refuseColumns(after, unknown);
    }
    if (feedsAfter.isHistory(after.name())) {
      return alreadyVersioned(
          after.name()
              + " brings the rows before an instant, beside a view that brings the others: their"
              + " migration is written by hand.");
    }
    if (node.isPresent() && node.get().kind() == Node.Kind.MATERIALIZED) {
      var target = node.get().target().orElse("");
      var others = base.materializing(target);
      if (!others.isEmpty()
          && others.stream()
              .anyMatch(o ->
                  base.origin(o)
                      .map(Flow.Origin::table)
                      .equals(head.origin(after).map(Flow.Origin::table)))) {
        warn(
            Problem.warning(
                "second_feed",
                after.place(),
                after.name()
                    + " fills "
                    + target
                    + " from the same rows as "
                    + list(others.stream().map(Pipe::name).toList())
                    + "; rows that both select count twice.",
                ""));
      }
    }
    return none("A new Pipe holds no rows.");
  }

  /// A refusal of a view that brings the rows of another once more.
  private Optional<Ruling> twice(Pipe view) {
    if (!view.is(Node.Kind.MATERIALIZED)) {
      return Optional.empty();
    }
    var other = feedsAfter.doubling(view);
    var before = base.project().pipe(view.name()).flatMap(feedsBefore::doubling);
    return other.isEmpty() || before.isPresent()
        ? Optional.empty()
        : Optional.of(
            refuse(
                view.name()
                    + " and "
                    + other.get().name()
                    + " bring the same rows to "
                    + view.writingNode().flatMap(Node::target).orElse("")
                    + ", so each would be there twice; keep one, or give them ranges that don't"
                    + " meet."));
  }

  private Ruling pipeRemoved(Pipe before) {
    var name = before.name();
    if (pairsBefore.stream().anyMatch(p -> p.pipe().equals(name)) || feedsBefore.isHistory(name)) {
      return cleanup(false, name + " belongs to a migration that is over.");
    }
    var users = head.readers(name).stream().map(Pipe::name).filter(n -> !n.equals(name)).toList();
    if (!users.isEmpty()) {
      return refuse(name + " is removed while " + list(users) + " still reads it.");
    }
    var target =
        before.writingNode().filter(n -> n.kind() == Node.Kind.MATERIALIZED).flatMap(Node::target);
    if (target.isPresent() && head.project().dataSource(target.get()).isPresent()) {
      warn(
          Problem.warning(
              "feed_removed",
              before.place(),
              name + " goes, so " + target.get() + " gets no more rows from it.",
              ""));
    }
    if (before.writingNode().isEmpty()) {
      warn(
          Problem.warning(
              "endpoint_removed", before.place(), name + " goes, and its URL with it.", ""));
    }
    return none("A Pipe holds no rows.");
  }

  private Ruling target(Change.TargetChanged change) {
    var twice = twice(change.after());
    if (twice.isPresent()) {
      return twice.get();
    }
    var now = change.after().writingNode().map(Node::kind).orElse(Node.Kind.ENDPOINT);
    if (now != Node.Kind.MATERIALIZED || change.was().isEmpty() || change.is().isEmpty()) {
      return none("Rows go to " + change.is() + " from the next run on; none are moved.");
    }
    if (isMigrationPipe(change.resource())) {
      return alreadyVersioned("The Pipe belongs to a migration that is under way.");
    }
    warn(
        Problem.warning(
            "old_target_frozen",
            change.place(),
            change.resource()
                + " fills "
                + change.is()
                + " from now on; the rows in "
                + change.was()
                + " stay behind.",
            ""));
    var related =
        Pair.related(change.was(), change.is())
            && head.project().dataSource(change.was()).isPresent();
    return related
        ? alreadyVersioned("The view was pointed at another version of its target by hand.")
        : none("Rows go to another target from now on; none are moved.");
  }

  private Ruling query(Change.QueryChanged change) {
    var pipe = change.after();
    if (isMigrationPipe(pipe.name())) {
      if (pairsBefore.stream().anyMatch(p -> p.pipe().equals(pipe.name()) && p.live())) {
        warn(
            Problem.warning(
                "live_sync_replaced",
                change.place(),
                pipe.name()
                    + " carries rows of a migration that is under way; the deploy replaces it, and"
                    + " the platform promises nothing about rows that arrive meanwhile.",
                "Pause the producers, and let them send new fields only after the deploy; then run"
                    + " `backfill verify`."));
      }
      return alreadyVersioned("The Pipe belongs to a migration that is under way.");
    }
    var kind = pipe.writingNode().map(Node::kind).orElse(Node.Kind.ENDPOINT);
    var unknown = notInTarget(pipe);
    if (!unknown.isEmpty()) {
      return refuseColumns(pipe, unknown);
    }
    if (pipe.writingNode().isEmpty()) {
      narrowed(change);
    }
    var twice = twice(pipe);
    if (twice.isPresent()) {
      return twice.get();
    }
    if (cutMoved(change)) {
      return alreadyVersioned("Only the instant differs by which a migration is cut.");
    }
    var moved = movedToTwin(pipe);
    if (moved.isPresent()) {
      warn(
          Problem.warning(
              "view_moved",
              change.place(),
              pipe.name()
                  + " hangs from "
                  + moved.get()
                  + " now; rows are counted once only if"
                  + " nothing else fills its target from there.",
              ""));
      return none("The view is moved to the other half of a pair.");
    }
    var targets = targetsWithOtherRows(pipe);
    if (!targets.isEmpty()) {
      return version(
          "The rows in "
              + list(targets)
              + " were made by the old query; the new one only sees rows that arrive later.");
    }
    if (kind == Node.Kind.COPY
        && !pipe.writingNode().flatMap(Node::copyMode).orElse("append").equals("replace")) {
      warn(
          Problem.warning(
              "copied_rows_stay",
              change.place(),
              pipe.name() + " copies by another query from its next run on; rows it wrote stay.",
              ""));
    }
    return switch (kind) {
      case COPY -> none("The next copy uses the new query; its target stays as it is.");
      case SINK, STREAM -> none("What is sent changes; nothing stored does.");
      case MATERIALIZED -> none("The query selects the same.");
      case STANDARD, ENDPOINT -> none("The answer changes; nothing stored does.");
    };
  }

  /// Whether a view of a migration by hand takes other rows of the same kind from now on.
  private boolean cutMoved(Change.QueryChanged change) {
    var view = change.after();
    if (!view.is(Node.Kind.MATERIALIZED)
        || !(feedsAfter.isVersion(view)
            || feedsAfter.isSplit(view.name())
            || feedsBefore.isSplit(view.name()))) {
      return false;
    }
    var was = base.meaning(change.before()).map(Cuts::of);
    var is = head.meaning(view).map(Cuts::of);
    return was.isPresent() && is.isPresent() && was.get().rest().equals(is.get().rest());
  }

  private Ruling run(Change.RunChanged change) {
    var name = change.after().name();
    if (isMigrationPipe(name)) {
      return alreadyVersioned("The Pipe belongs to a migration that is under way.");
    }
    var target = change.after().writingNode().flatMap(Node::target);
    if (change.setting().equals("mode") && change.is().equals("replace") && target.isPresent()) {
      warn(
          Problem.warning(
              "copy_replaces_rows",
              change.place(),
              name + " replaces every row of " + target.get() + " from its next run on.",
              ""));
    }
    return none("The " + change.setting() + " of " + name + " is replaced in place.");
  }

  /// Warns of what callers of an endpoint knew and lose.
  private void narrowed(Change.QueryChanged change) {
    var lost = new TreeSet<String>();
    var was = Outputs.of(base, change.before());
    var is = Outputs.of(head, change.after());
    if (was.isPresent() && is.isPresent()) {
      lost.addAll(was.get());
      is.get().forEach(lost::remove);
    }
    var name = change.resource();
    if (!lost.isEmpty()) {
      warn(
          Problem.warning(
              "endpoint_lost_columns",
              change.place(),
              name + " no longer gives " + list(lost) + "; callers that read them break at once.",
              "Publish the new answer as a Pipe of its own, and remove this one later."));
    }
    var parametersBefore = Outputs.parameters(change.before());
    var parametersAfter = Outputs.parameters(change.after());
    if (parametersBefore.isPresent() && parametersAfter.isPresent()) {
      var gone = new TreeSet<>(parametersBefore.get());
      gone.removeAll(parametersAfter.get());
      if (!gone.isEmpty()) {
        warn(
            Problem.warning(
                "endpoint_lost_parameters",
                change.place(),
                name + " no longer takes " + list(gone) + "; callers that send them get all rows.",
                "Publish the new answer as a Pipe of its own, and remove this one later."));
      }
    }
  }

  /// Columns that a view selects and its target in head lacks: the server refuses such a view. A
  /// target without a column that the view leaves out gets a warning.
  private List<String> notInTarget(Pipe view) {
    var target =
        view.is(Node.Kind.MATERIALIZED)
            ? view.writingNode().flatMap(Node::target).flatMap(head.project()::dataSource)
            : Optional.<DataSource>empty();
    var outputs = Outputs.of(head, view);
    if (target.isEmpty() || outputs.isEmpty()) {
      return List.of();
    }
    var left =
        target.get().columns().stream()
            .filter(c -> c.defaultKind() == DefaultKind.NONE && !c.type().isNullable())
            .map(Column::name)
            .filter(c -> !outputs.get().contains(c))
            .toList();
    if (!left.isEmpty()) {
      warn(
          Problem.warning(
              "view_leaves_columns",
              view.place(),
              view.name()
                  + " doesn't select "
                  + list(left)
                  + " of "
                  + target.get().name()
                  + "; rows that arrive hold an empty value there.",
              ""));
    }
    return outputs.get().stream().filter(c -> target.get().column(c).isEmpty()).toList();
  }

  private static Ruling refuseColumns(Pipe view, List<String> columns) {
    return refuse(
        "The server refuses "
            + view.name()
            + ", whose target "
            + view.writingNode().flatMap(Node::target).orElse("")
            + " has no column "
            + list(columns)
            + "; the deploy stops half-way. Add the column to the target in this pull request.");
  }

  /// The table a view hangs from now, when it was moved between the halves of a pair.
  private Optional<String> movedToTwin(Pipe after) {
    var before = base.project().pipe(after.name());
    if (!after.is(Node.Kind.MATERIALIZED) || before.isEmpty()) {
      return Optional.empty();
    }
    var was = base.origin(before.get()).map(Flow.Origin::table).orElse("");
    var is = head.origin(after).map(Flow.Origin::table).orElse("");
    return !was.equals(is)
            && base.project().dataSource(was).isPresent()
            && base.project().dataSource(is).isPresent()
            && Pair.related(was, is)
        ? Optional.of(is)
        : Optional.empty();
  }

  /// Targets of views that read this Pipe, or are it, and whose written-out query differs.
  private Set<String> targetsWithOtherRows(Pipe pipe) {
    var out = new TreeSet<String>();
    for (var view : head.project().pipes().values()) {
      var before = base.project().pipe(view.name());
      if (before.isEmpty()
          || !view.is(Node.Kind.MATERIALIZED)
          || !before.get().is(Node.Kind.MATERIALIZED)
          || isMigrationPipe(view.name())
          || head.recovers(view)
          || !(view.name().equals(pipe.name()) || head.reads(view).contains(pipe.name()))) {
        continue;
      }
      var target = view.writingNode().flatMap(Node::target).orElse("");
      if (base.project().dataSource(target).isPresent()
          && head.project().dataSource(target).isPresent()
          && !settings.of(target).accept().contains("view_query_changed")
          && !same(base.meaning(before.get()), head.meaning(view))
          && !joinsTwins(before.get(), view)) {
        out.add(target);
      }
    }
    return out;
  }

  /// The same view on the same trigger that only joins the other half of a pair: both halves hold
  /// the same rows.
  private boolean joinsTwins(Pipe before, Pipe after) {
    if (!base.origin(before)
        .map(Flow.Origin::table)
        .equals(head.origin(after).map(Flow.Origin::table))) {
      return false;
    }
    var twins = new HashMap<String, String>();
    var is = head.reads(after);
    for (var was : base.reads(before)) {
      base.project()
          .dataSource(was)
          .filter(d -> !is.contains(was))
          .flatMap(d ->
              is.stream()
                  .filter(n -> Pair.related(was, n))
                  .filter(
                      n -> base.project().dataSource(n).filter(t -> Pair.alike(d, t)).isPresent())
                  .findFirst())
          .ifPresent(n -> twins.put(was, n));
    }
    if (twins.isEmpty() || !same(base.meaning(before, twins), head.meaning(after))) {
      return false;
    }
    warn(
        Problem.warning(
            "view_moved",
            after.place(),
            after.name()
                + " joins "
                + list(List.copyOf(twins.values()))
                + " now; the rows it made stay right only if both versions hold the same.",
            ""));
    return true;
  }

  private static boolean same(Optional<String> a, Optional<String> b) {
    return a.isPresent() && a.equals(b);
  }

  private boolean isMigrationPipe(String pipe) {
    return pairsBefore.stream().anyMatch(p -> p.pipe().equals(pipe))
        && pairsAfter.stream().anyMatch(p -> p.pipe().equals(pipe));
  }

  private void warn(Problem problem) {
    warnings.add(problem);
  }

  private static String word(Node.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static String list(Iterable<String> names) {
    return String.join(", ", names);
  }

  private static String kind(Change change) {
    return switch (change) {
      case Change.DataSourceAdded _ -> "data_source_added";
      case Change.DataSourceRemoved _ -> "data_source_removed";
      case Change.FileRenamed _ -> "file_renamed";
      case Change.NotComparable _ -> "not_comparable";
      case Change.KeyChanged c -> c.key().name().toLowerCase(Locale.ROOT) + "_key";
      case Change.EngineChanged _ -> "engine";
      case Change.EngineOptionChanged c -> "engine_" + c.option().name().toLowerCase(Locale.ROOT);
      case Change.EngineSettingsChanged _ -> "engine_settings";
      case Change.TtlChanged _ -> "ttl";
      case Change.ColumnAdded _ -> "column_added";
      case Change.ColumnDropped _ -> "column_dropped";
      case Change.ColumnRenamed _ -> "column_renamed";
      case Change.ColumnsReordered _ -> "columns_reordered";
      case Change.ColumnTypeChanged _ -> "column_type";
      case Change.DefaultChanged _ -> "default";
      case Change.JsonPathChanged _ -> "json_path";
      case Change.CodecChanged _ -> "codec";
      case Change.IndexesChanged _ -> "indexes";
      case Change.DescriptionChanged _ -> "description";
      case Change.TagsChanged _ -> "tags";
      case Change.TokensChanged _ -> "tokens";
      case Change.TokenFileChanged _ -> "token_file";
      case Change.ConnectorChanged _ -> "connector";
      case Change.SharingChanged _ -> "sharing";
      case Change.LegacyVersionChanged _ -> "legacy_version";
      case Change.PipeAdded _ -> "pipe_added";
      case Change.PipeRemoved _ -> "pipe_removed";
      case Change.PipeKindChanged _ -> "pipe_role";
      case Change.TargetChanged _ -> "target";
      case Change.QueryChanged _ -> "query";
      case Change.RunChanged c ->
          c.setting().equals("mode")
              ? "copy_mode"
              : c.setting().equals("schedule") ? "schedule" : "sink_setting";
    };
  }

  private static String before(Change change) {
    return value(change, true);
  }

  private static String after(Change change) {
    return value(change, false);
  }

  private static String value(Change change, boolean before) {
    return switch (change) {
      case Change.DataSourceAdded c -> before ? "" : c.after().name();
      case Change.DataSourceRemoved c -> before ? c.before().name() : "";
      case Change.FileRenamed c -> before ? c.from() : c.to();
      case Change.NotComparable c -> before ? c.problem().message() : "";
      case Change.KeyChanged c -> list(before ? c.before() : c.after());
      case Change.EngineChanged c -> before ? c.before() : c.after();
      case Change.EngineOptionChanged c -> (before ? c.before() : c.after()).orElse("");
      case Change.EngineSettingsChanged c -> (before ? c.before() : c.after()).orElse("");
      case Change.TtlChanged c -> (before ? c.before() : c.after()).orElse("");
      case Change.ColumnAdded c -> before ? "" : column(c.after());
      case Change.ColumnDropped c -> before ? column(c.before()) : "";
      case Change.ColumnRenamed c -> column(before ? c.before() : c.after());
      case Change.ColumnsReordered c -> list(before ? c.before() : c.after());
      case Change.ColumnTypeChanged c -> column(before ? c.before() : c.after());
      case Change.DefaultChanged c -> defaultOf(before ? c.before() : c.after());
      case Change.JsonPathChanged c -> (before ? c.before() : c.after()).jsonPath().orElse("");
      case Change.CodecChanged c -> (before ? c.before() : c.after()).codec().orElse("");
      case Change.IndexesChanged c -> before ? c.before() : c.after();
      case Change.DescriptionChanged c -> before ? c.before() : c.after();
      case Change.TagsChanged c -> list(before ? c.before() : c.after());
      case Change.TokensChanged c -> before ? c.before() : c.after();
      case Change.TokenFileChanged c -> before ? c.before() : c.after();
      case Change.ConnectorChanged c ->
          (before ? c.was() : c.is()).map(v -> c.name() + " " + v).orElse("");
      case Change.SharingChanged c -> list(before ? c.before() : c.after());
      case Change.LegacyVersionChanged c ->
          (before ? c.before() : c.after()).map(Object::toString).orElse("");
      case Change.PipeAdded c -> before ? "" : c.after().name();
      case Change.PipeRemoved c -> before ? c.before().name() : "";
      case Change.PipeKindChanged c -> word(before ? c.was() : c.is());
      case Change.TargetChanged c -> before ? c.was() : c.is();
      case Change.QueryChanged c -> before ? c.was() : c.is();
      case Change.RunChanged c -> before ? c.was() : c.is();
    };
  }

  private static String column(Column column) {
    return column.name() + " " + column.type();
  }

  private static String defaultOf(Column column) {
    return column.defaultKind() == DefaultKind.NONE
        ? ""
        : column.name() + " " + column.defaultKind() + " " + column.defaultExpression();
  }
}
