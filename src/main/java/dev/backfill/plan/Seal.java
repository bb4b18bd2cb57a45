package dev.backfill.plan;

import dev.backfill.change.Flow;
import dev.backfill.project.Project;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// The hash over everything a plan rests on: its core, the resources around it and the rules that
/// made it. Commit ids, places, formats and unrelated resources don't change it.
public final class Seal {
  private Seal() {}

  /// The core as the seal sees it: the author's white space goes into generated files and queries
  /// as it is, so files count by path and mode (their bytes are `sha256sum -c`'s in `deploy.sh`)
  /// and queries by what they mean.
  public static PlanCore meaning(PlanCore core) {
    var migrations = core.migrations().stream().map(Migration::meaning).toList();
    var files =
        core.files().stream().map(f -> new PlanCore.Generated(f.path(), f.mode(), "")).toList();
    return core.withMigrations(migrations).withFiles(files);
  }

  /// @param canonicalCoreJson what [#meaning] gave, canonically
  /// @param resources what [#resources] gave
  /// @param rules version of the rules
  /// @return `sha256:` and 64 lower-case hex digits
  public static String of(
      String canonicalCoreJson, SortedMap<String, String> resources, String rules) {
    var digest = sha256();
    field(digest, rules);
    field(digest, canonicalCoreJson);
    resources.forEach((name, text) -> {
      field(digest, name);
      field(digest, text);
    });
    return "sha256:" + HexFormat.of().formatHex(digest.digest());
  }

  /// Every resource of head that reads, writes or feeds a source or target of the plan, by name, as
  /// normalised text. Whether head holds the generated files changes the answer: always ask with
  /// the same, the author's own.
  public static SortedMap<String, String> resources(Project head, PlanCore core) {
    var names = new TreeSet<String>();
    for (var migration : core.migrations()) {
      names.add(migration.source());
      names.add(migration.target());
    }
    var flow = Flow.of(head);
    var concerned = new TreeSet<>(names);
    for (var pipe : head.pipes().values()) {
      var writes =
          pipe.nodes().stream().anyMatch(n -> n.target().filter(names::contains).isPresent());
      if (writes) {
        concerned.addAll(flow.reads(pipe));
      }
      if (writes || flow.reads(pipe).stream().anyMatch(names::contains)) {
        concerned.add(pipe.name());
      }
    }
    var out = new TreeMap<String, String>();
    for (var name : concerned) {
      head.dataSource(name).ifPresent(d -> out.put("datasource " + name, Normal.text(d)));
      head.pipe(name).ifPresent(p -> out.put("pipe " + name, Normal.text(p)));
    }
    return out;
  }

  // The length first, so that no two lists of fields give the same bytes.
  private static void field(MessageDigest digest, String text) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
    digest.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
