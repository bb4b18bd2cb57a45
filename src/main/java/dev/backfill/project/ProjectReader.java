package dev.backfill.project;

import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.datafile.DatafileParser;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Reads the files of a data project into normal form. Never fails: whatever is wrong is among the
/// problems of the [Project], and what could be made out is kept.
public final class ProjectReader {
  private final SortedMap<String, String> files;
  private static final int MOST_OF_A_FILE = 400;

  private final Readings readings;
  private final Names names;
  private final List<Problem> problems = new ArrayList<>();
  private final SortedMap<String, DataSource> dataSources = new TreeMap<>();
  private final SortedMap<String, Pipe> pipes = new TreeMap<>();
  private final SortedMap<String, String> definedIn = new TreeMap<>();

  private ProjectReader(SortedMap<String, String> files, Readings readings) {
    this.files = files;
    this.readings = readings;
    this.names = Names.in(files);
  }

  /// Reads a project.
  ///
  /// @param files text of every file by path relative to the project; those that aren't datafiles
  ///   are kept in [Project#files()]
  public static Project read(SortedMap<String, String> files) {
    return read(files, new Readings());
  }

  /// The same, for one of several revisions.
  ///
  /// @param readings what the other revisions gave; it learns what this one gives
  public static Project read(SortedMap<String, String> files, Readings readings) {
    var reader = new ProjectReader(files, readings);
    reader.readFiles();
    List.copyOf(reader.pipes.values())
        .forEach(p -> reader.pipes.put(p.name(), reader.intoLatest(p)));
    var project = new Project(reader.dataSources, reader.pipes, List.of(), files);
    new ProjectChecks(project, reader.names, reader.problems).check();
    return new Project(reader.dataSources, reader.pipes, reader.problems, files);
  }

  /// A target by the name that the server gives a Data Source with VERSION: the same Data Source.
  private Pipe intoLatest(Pipe pipe) {
    if (pipe.nodes().stream().allMatch(n -> n.target().equals(n.target().map(this::latest)))) {
      return pipe;
    }
    return pipe.withNodes(
        pipe.nodes().stream().map(n -> n.withTarget(n.target().map(this::latest))).toList());
  }

  private String latest(String target) {
    return Names.withoutVersion(target)
        .filter(_ -> !dataSources.containsKey(target))
        .flatMap(n -> Optional.ofNullable(dataSources.get(n)))
        .filter(d -> target.equals(d.name() + "__v" + d.legacyVersion().orElse(-1)))
        .map(DataSource::name)
        .orElse(target);
  }

  private void readFiles() {
    for (var path : inLookupOrder()) {
      if (Names.isDatasourceFile(path) || Names.isPipeFile(path)) {
        if (claims(path)) {
          read(path);
        }
      } else if (Names.isLeftOut(path)) {
        problems.add(
            Problem.warning(
                "file_not_loaded",
                Place.of(path),
                "The Classic client doesn't look for datafiles in this folder.",
                "Move it to datasources/, pipes/ or endpoints/."));
      }
    }
  }

  /// The order in which the client looks for a name, so that of two definitions the one it takes is
  /// kept.
  private List<String> inLookupOrder() {
    return files.keySet().stream()
        .sorted(
            java.util.Comparator.comparingInt(ProjectReader::rank)
                .thenComparing(java.util.Comparator.naturalOrder()))
        .toList();
  }

  private static int rank(String path) {
    boolean root = path.indexOf('/') < 0;
    if (path.endsWith(".datasource")) {
      return root ? 0 : 1;
    }
    return root ? 2 : path.startsWith("endpoints/") ? 3 : 4;
  }

  private boolean claims(String path) {
    var name = Names.of(path);
    if (!Names.VALID.matcher(name).matches()) {
      problems.add(
          Problem.error(
              "invalid_name",
              Place.of(path),
              "The file's name gives the resource a name the platform doesn't allow.",
              path.endsWith(".datasource") && name.indexOf('.') > 0
                  ? "If another workspace shares it, move it to vendor/WORKSPACE/datasources/; else"
                      + " use letters, digits and underscores only."
                  : "Use letters, digits and underscores, and don't start with a digit."));
      return false;
    }
    var other = definedIn.putIfAbsent(name, path);
    var differs = other != null && Names.isPipeFile(path) != Names.isPipeFile(other);
    if (differs && pipes.get(name) == null) {
      // Public projects deploy such pairs; SQL finds the Data Source first.
      problems.add(
          Problem.warning(
              "duplicate_name", Place.of(path), shared(name, other), "Rename one of them."));
    } else if (other != null) {
      problems.add(duplicate(name, path, other));
      return false;
    }
    if (name.matches(".*__v\\d+")) {
      problems.add(
          Problem.warning(
              "version_suffix",
              Place.of(path),
              "`__v` and a number is the client's own version marker: it rewrites every pushed Pipe"
                  + " that names the rest.",
              "Use another suffix, e.g. `_1`."));
    }
    return true;
  }

  /// Two Pipes that write nothing and read the same can't endanger data, whichever the client
  /// takes.
  private Problem duplicate(String name, String path, String other) {
    var message = shared(name, other);
    var advice = "Rename or remove one of them.";
    var kept = Optional.ofNullable(pipes.get(name));
    var second =
        Names.isPipeFile(path) ? pipe(name, path, new ArrayList<>()) : Optional.<Pipe>empty();
    boolean harmless =
        kept.isPresent()
            && second.isPresent()
            && kept.get().writingNode().isEmpty()
            && second.get().writingNode().isEmpty()
            && reads(kept.get()).equals(reads(second.get()));
    return harmless
        ? Problem.warning("duplicate_name", Place.of(path), message, advice)
        : Problem.error("duplicate_name", Place.of(path), message, advice);
  }

  private static String shared(String name, String other) {
    return "`%s` is defined by `%s` too; Data Sources and Pipes share one namespace."
        .formatted(name, other);
  }

  private static Set<String> reads(Pipe pipe) {
    return pipe.nodes().stream().flatMap(n -> n.reads().stream()).collect(Collectors.toSet());
  }

  private Optional<Pipe> pipe(String name, String path, List<Problem> found) {
    var parsed = DatafileParser.parse(path, files.getOrDefault(path, ""), files);
    return parsed.file() instanceof PipeFile file
        ? new PipeReader(name, file, names::resource, found).read()
        : Optional.empty();
  }

  private void read(String path) {
    var text = files.getOrDefault(path, "");
    var reading = readings.of(path, text, names::resource, () -> reading(path, text));
    problems.addAll(reading.problems());
    reading.dataSource().ifPresent(d -> dataSources.put(d.name(), d));
    reading.pipe().ifPresent(p -> pipes.put(p.name(), p));
  }

  private Readings.Reading reading(String path, String text) {
    var parsed = DatafileParser.parse(path, text, files);
    var found = new ArrayList<>(parsed.problems());
    var name = Names.of(path);
    var asked = new HashMap<String, Boolean>();
    return switch (parsed.file()) {
      case DatasourceFile file -> {
        var dataSource = new DataSourceReader(name, file, found).read();
        yield new Readings.Reading(Optional.of(dataSource), Optional.empty(), few(found), asked);
      }
      case PipeFile file -> {
        var pipe =
            new PipeReader(name, file, n -> asked.computeIfAbsent(n, names::resource), found)
                .read();
        yield new Readings.Reading(Optional.empty(), pipe, few(found), asked);
      }
    };
  }

  /// A file that is garbage throughout says so once.
  private static List<Problem> few(List<Problem> found) {
    if (found.size() <= MOST_OF_A_FILE) {
      return found;
    }
    var few = new ArrayList<>(found.subList(0, MOST_OF_A_FILE));
    few.add(
        Problem.error(
            "too_many_problems",
            found.get(MOST_OF_A_FILE).place(),
            "More than " + MOST_OF_A_FILE + " problems in this file; the rest is not listed.",
            "Repair the first ones and try again."));
    return few;
  }
}
