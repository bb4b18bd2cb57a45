package dev.backfill.journey;

import dev.backfill.revision.CommitId;
import dev.backfill.revision.Revisions;
import dev.backfill.revision.Snapshot;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Project folders of head that base has under another name: the same project, which isn't gone and
/// new.
///
/// @param before folder in base by folder in head
record MovedProjects(Map<String, String> before) {

  static MovedProjects between(Revisions revisions, CommitId base, Optional<CommitId> head) {
    var old = revisions.projectDirs(Optional.of(base));
    var now = revisions.projectDirs(head);
    var gone = old.stream().filter(d -> !now.contains(d)).toList();
    var fresh = now.stream().filter(d -> !old.contains(d)).toList();
    var out = new HashMap<String, String>();
    for (var to : gone.isEmpty() ? List.<String>of() : fresh) {
      var files = Sources.snapshot(revisions, head, to);
      gone.stream()
          .filter(d -> !out.containsValue(d))
          .filter(d -> same(revisions.at(base, d), files))
          .findFirst()
          .ifPresent(d -> out.put(to, d));
    }
    return new MovedProjects(Map.copyOf(out));
  }

  /// At least half of the datafiles of each have the same paths in it.
  private static boolean same(Snapshot before, Snapshot after) {
    var common = datafiles(before).stream().filter(datafiles(after)::contains).count();
    return common > 0 && common * 2 >= Math.max(datafiles(before).size(), datafiles(after).size());
  }

  private static List<String> datafiles(Snapshot snapshot) {
    return snapshot.files().keySet().stream()
        .filter(p -> p.endsWith(".datasource") || p.endsWith(".pipe"))
        .toList();
  }

  /// Whether base's folder is one of head's under its old name.
  boolean gone(String dir) {
    return before.containsValue(dir);
  }

  String inBase(String dir) {
    return before.getOrDefault(dir, dir);
  }

  /// What git reports as renamed: every datafile that is still there.
  Map<String, String> renames(String dir, Snapshot base, Snapshot head) {
    var out = new HashMap<String, String>();
    if (before.containsKey(dir)) {
      var prefix = inBase(dir).equals(".") ? "" : inBase(dir) + "/";
      datafiles(base).stream()
          .filter(p -> head.files().containsKey(p))
          .forEach(p -> out.put(prefix.isEmpty() ? "./" + p : prefix + p, p));
    }
    return out;
  }
}
