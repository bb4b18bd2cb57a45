package dev.backfill.emit;

import dev.backfill.change.Renames;
import dev.backfill.datafile.ColumnSyntax;
import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Directive;
import dev.backfill.emit.Texts.Patch;
import dev.backfill.project.Column;
import dev.backfill.project.DataSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// The old Data Source's file while its new version exists: as it was in base, plus what the
/// platform can ALTER without losing anything, so that rows that arrive meanwhile have it too.
///
/// That is: added columns, changed defaults and JSON paths, columns that may hold NULL now,
/// description, tags, indexes, and a TTL that doesn't get shorter. Everything else, dropped columns
/// among it, is only true of the new version: the old one stays complete until it is removed.
final class SourceSplit {
  private final DataSource before;
  private final DataSource after;
  private final DatasourceFile old;
  private final DatasourceFile fresh;
  private final boolean keepTtl;
  private final Set<String> nullable;
  private final List<Patch> patches = new ArrayList<>();

  /// @param keepTtl the change of TTL deletes rows
  /// @param nullable columns that may hold NULL in both versions
  SourceSplit(
      DataSource before,
      DataSource after,
      DatasourceFile old,
      DatasourceFile fresh,
      boolean keepTtl,
      Set<String> nullable) {
    this.before = before;
    this.after = after;
    this.old = old;
    this.fresh = fresh;
    this.keepTtl = keepTtl;
    this.nullable = Set.copyOf(nullable);
  }

  /// @throws CannotSplit when a part that belongs on both can't be moved as text
  String text() {
    columns();
    if (!before.description().equals(after.description())) {
      move("DESCRIPTION");
    }
    if (!before.tags().equals(after.tags())) {
      move("TAGS");
    }
    if (!before.indexes().equals(after.indexes())) {
      move("INDEXES");
    }
    if (!before.engine().ttl().equals(after.engine().ttl()) && !keepTtl) {
      move("ENGINE_TTL");
    }
    return Texts.patch(old.print(), patches);
  }

  private void columns() {
    var renames = Renames.of(before, after);
    var entries = new ArrayList<String>();
    for (var column : after.columns()) {
      var was = before.column(column.name());
      if (was.isEmpty()) {
        if (!renames.old().containsKey(column.name())
            && column.defaultKind() != Column.DefaultKind.MATERIALIZED) {
          entries.add(entry(fresh, column.name()));
        }
      } else if (altered(was.get(), column)) {
        var place = syntax(old, column.name());
        patches.add(new Patch(place.start(), place.end(), entry(fresh, column.name())));
      }
    }
    if (entries.isEmpty()) {
      return;
    }
    if (old.columns().isEmpty() || old.columns().getLast().start() < 0) {
      throw new CannotSplit("the columns of " + old.path() + " come out of an INCLUDE");
    }
    var last = old.columns().getLast();
    var at = last.comma() < 0 ? last.end() : last.comma() + 1;
    var added = entries.stream().map(e -> "\n    " + e).collect(Collectors.joining(","));
    patches.add(new Patch(at, at, last.comma() < 0 ? "," + added : added));
  }

  /// Whether the platform can alter the one to the other, and rows that arrive meanwhile are other
  /// ones by it.
  private boolean altered(Column was, Column is) {
    var sameDefault =
        was.defaultKind() == is.defaultKind()
            && was.defaultExpression().equals(is.defaultExpression());
    var sameType = was.type().equals(is.type());
    return (!sameDefault || !sameType || !was.jsonPath().equals(is.jsonPath()))
        && was.defaultKind() != Column.DefaultKind.MATERIALIZED
        && is.defaultKind() != Column.DefaultKind.MATERIALIZED
        && (sameType || nullable.contains(is.name()));
  }

  private static ColumnSyntax syntax(DatasourceFile file, String column) {
    return file.columns().stream()
        .filter(c -> c.name().equals(column) && c.start() >= 0)
        .findFirst()
        .orElseThrow(
            () -> new CannotSplit("column " + column + " of " + file.path() + " isn't its own"));
  }

  private static String entry(DatasourceFile file, String column) {
    var syntax = syntax(file, column);
    return file.print().substring(syntax.start(), syntax.end()).strip();
  }

  /// Puts head's directives of that name where base has them.
  private void move(String name) {
    var from = fresh.all(name).toList();
    var to = old.all(name).toList();
    if (from.stream().anyMatch(Directive::included) || to.stream().anyMatch(Directive::included)) {
      throw new CannotSplit(name + " of " + old.path() + " comes out of an INCLUDE");
    }
    var text = new StringBuilder();
    for (var directive : from) {
      var lines = fresh.print().substring(directive.start(), directive.end());
      text.append(lines.endsWith("\n") ? lines : lines + "\n");
    }
    for (var directive : to) {
      patches.add(new Patch(directive.start(), directive.end(), ""));
    }
    if (text.isEmpty()) {
      return;
    }
    var at = to.isEmpty() ? home(name) : to.getFirst().start();
    var glue = at > 0 && old.print().charAt(at - 1) != '\n' ? "\n" : "";
    if (to.isEmpty()) {
      patches.add(new Patch(at, at, glue + text));
    } else {
      var first = to.getFirst();
      patches.remove(new Patch(first.start(), first.end(), ""));
      patches.add(new Patch(first.start(), first.end(), text.toString()));
    }
  }

  /// Offset where a directive that base doesn't have yet goes.
  private int home(String name) {
    return switch (name) {
      case "ENGINE_TTL" -> after("ENGINE").orElseGet(() -> old.print().length());
      case "INDEXES" -> after("SCHEMA").orElseGet(() -> old.print().length());
      default ->
          old.directives().stream()
              .filter(d -> !d.included())
              .findFirst()
              .map(Directive::start)
              .orElse(0);
    };
  }

  private Optional<Integer> after(String prefix) {
    return old.directives().stream()
        .filter(d -> d.name().startsWith(prefix) && !d.included())
        .reduce((a, b) -> b)
        .map(Directive::end);
  }

  /// The split would need an edit that isn't a move of text.
  static final class CannotSplit extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CannotSplit(String message) {
      super(message);
    }
  }
}
