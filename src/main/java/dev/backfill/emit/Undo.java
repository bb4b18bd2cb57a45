package dev.backfill.emit;

import dev.backfill.datafile.Datafile.PipeFile;
import dev.backfill.plan.ForkedPipe;
import dev.backfill.plan.Migration;
import dev.backfill.plan.PlanCore;
import dev.backfill.plan.Seam;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Takes generated files out of a project again, so that planning starts from what its author wrote
/// and gives the same core: the new version's text goes back to the old one's file, and an edit
/// that was made to the new version since counts as the author's.
public final class Undo {
  private final SortedMap<String, String> files;
  private final PlanCore core;
  private final SortedMap<String, String> generated = new TreeMap<>();

  private Undo(SortedMap<String, String> files, PlanCore core) {
    this.files = new TreeMap<>(files);
    this.core = core;
  }

  /// @param files texts by path, relative to the project; those of a head that holds the plan's
  ///   generated files, or of any other: what isn't there isn't touched
  /// @param committed core of the plan, with the paths of what was generated
  public static SortedMap<String, String> of(SortedMap<String, String> files, PlanCore committed) {
    var undo = new Undo(files, committed);
    undo.run();
    return undo.files;
  }

  /// Files of the author that `generate` touched and somebody changed since. Undoing loses that
  /// change, so `generate` must not go on over them in silence.
  public static List<Problem> problems(SortedMap<String, String> files, PlanCore committed) {
    var out = new ArrayList<Problem>();
    var ours = committed.files().stream().map(PlanCore.Generated::path).collect(Collectors.toSet());
    var script = files.get(DeployScript.path(committed.version()));
    if (script == null) {
      return List.of();
    }
    DeployScript.sealed(script)
        .forEach((path, hash) -> {
          var text = files.get(path);
          if (!ours.contains(path) && text != null && !Texts.sha256(text).equals(hash)) {
            out.add(
                Problem.error(
                    "edited_after_generate",
                    Place.of(path),
                    path + " was changed after the plan's files were generated from it.",
                    "Make the change in the file of the new version instead and restore this one,"
                        + " or remove the generated files and generate again."));
          }
        });
    return List.copyOf(out);
  }

  private void run() {
    for (var file : core.files()) {
      var text = files.remove(file.path());
      if (text != null) {
        generated.put(file.path(), text);
      }
    }
    files.remove("deploy/" + core.version() + "/plan.json");
    for (var migration : core.migrations()) {
      generatedFile(migration.target() + ".datasource")
          .ifPresent(twin -> dataSource(migration, twin));
      switch (migration.liveFeed().kind()) {
        case FORK -> {
          if (migration.seam().isPresent()) {
            migration.seam().get().feeders().forEach(f -> seamed(migration, f));
          } else {
            generatedFile(migration.liveFeed().pipe() + ".pipe")
                .ifPresent(fork -> view(migration).ifPresent(path -> pipe(path, fork)));
          }
        }
        // Ours altogether: what was generated is gone already.
        case SYNC, PRODUCERS, NONE -> {}
      }
    }
    for (ForkedPipe forked : core.forkedPipes()) {
      generatedFile(forked.fork() + ".pipe")
          .ifPresent(
              fork -> authors(forked.original() + ".pipe").ifPresent(path -> pipe(path, fork)));
    }
    version();
  }

  private void dataSource(Migration migration, String twin) {
    authors(migration.source() + ".datasource")
        .ifPresent(path -> files.put(path, Texts.carriedOver(twin)));
  }

  /// A Pipe that the author didn't change is the fork's original already.
  private void pipe(String path, String fork) {
    var original = files.getOrDefault(path, "");
    var names = Emitter.names(core);
    if (!forked(path, original, names).equals(Optional.of(fork))) {
      var back =
          names.entrySet().stream()
              .collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
      var text = Texts.carriedOver(fork);
      files.put(path, ForkText.renamed((PipeFile) Texts.parse(path, text, files), back));
    }
  }

  private void seamed(Migration migration, Seam.Feeder feeder) {
    var fork = generatedFile(feeder.fork() + ".pipe");
    var path = authors(feeder.view() + ".pipe");
    if (fork.isEmpty() || path.isEmpty()) {
      return;
    }
    var entry = Emitter.original(core, feeder.entry());
    var original = parsed(path.get(), files.getOrDefault(path.get(), ""));
    Optional<String> made;
    try {
      made = Optional.of(SeamTexts.fork(original, migration, feeder, entry, core.cutover()));
    } catch (IllegalArgumentException _) {
      made = Optional.empty();
    }
    if (!made.equals(fork)) {
      var back = SeamTexts.uncut(parsed(path.get(), fork.get()), migration, entry);
      files.put(path.get(), back);
    }
  }

  private PipeFile parsed(String path, String text) {
    return (PipeFile) Texts.parse(path, text, files);
  }

  private Optional<String> forked(String path, String text, Map<String, String> names) {
    try {
      return Optional.of(ForkText.of((PipeFile) Texts.parse(path, text, files), names));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  private Optional<String> view(Migration migration) {
    return files.keySet().stream()
        .filter(path -> path.endsWith(".pipe"))
        .filter(path ->
            Texts.parse(path, files.getOrDefault(path, ""), files)
                .all("DATASOURCE")
                .anyMatch(d -> d.value().equals(migration.source())))
        .findFirst();
  }

  private void version() {
    var tinyenv = files.get(VersionLine.FILE);
    var script = generated.get(DeployScript.path(core.version()));
    if (tinyenv == null
        || script == null
        || !VersionLine.of(tinyenv).equals(Optional.of(core.version()))) {
      return;
    }
    DeployScript.tinyenvBefore(script, tinyenv)
        .ifPresentOrElse(
            text -> files.put(VersionLine.FILE, text), () -> files.remove(VersionLine.FILE));
  }

  private Optional<String> generatedFile(String name) {
    return generated.entrySet().stream()
        .filter(e -> e.getKey().equals(name) || e.getKey().endsWith("/" + name))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private Optional<String> authors(String name) {
    return files.keySet().stream()
        .filter(path -> path.equals(name) || path.endsWith("/" + name))
        .findFirst();
  }
}
