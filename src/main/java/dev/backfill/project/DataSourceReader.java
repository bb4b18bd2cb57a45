package dev.backfill.project;

import dev.backfill.datafile.ColumnSyntax;
import dev.backfill.datafile.Datafile;
import dev.backfill.datafile.Datafile.DatasourceFile;
import dev.backfill.datafile.Directive;
import dev.backfill.datafile.Word;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.sql.SqlText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/// Brings a `.datasource` file into normal form.
final class DataSourceReader {
  private final String name;
  private final DatasourceFile file;
  private final List<Problem> problems;

  DataSourceReader(String name, DatasourceFile file, List<Problem> problems) {
    this.name = name;
    this.file = file;
    this.problems = problems;
  }

  DataSource read() {
    var columns = file.columns().stream().map(this::column).flatMap(Optional::stream).toList();
    return new DataSource(
        name,
        file.path(),
        new Place(file.path(), 1, 1),
        description(file.last("DESCRIPTION")),
        columns,
        new EngineReader(file, columns, problems).read(),
        file.indexes().stream()
            .map(i ->
                new Index(
                    i.name(),
                    SqlText.normalise(i.expression())
                        + " TYPE "
                        + SqlText.normalise(i.type())
                        + (i.granularity().isEmpty() ? "" : " GRANULARITY " + i.granularity())))
            .toList(),
        tokens(file.directives(), problems),
        tags(file),
        settings(),
        sharedWith(),
        version(file, problems));
  }

  private Optional<Column> column(ColumnSyntax syntax) {
    var type = syntax.type().flatMap(ColumnType::parse);
    if (type.isEmpty()) {
      if (syntax.type().isPresent()) {
        problems.add(
            Problem.error(
                "invalid_type",
                syntax.place(),
                "Not a column type: `" + shortened(syntax.type().get()) + "`.",
                "Correct it."));
      } else if (syntax.kind() != ColumnSyntax.Kind.NONE) {
        problems.add(
            Problem.error(
                "type_left_out",
                syntax.place(),
                "The column's type is left to its default, so it isn't known here.",
                "Write the type in front of DEFAULT."));
      }
      return Optional.empty();
    }
    if (type.get().impossible()) {
      problems.add(
          Problem.warning(
              "impossible_type",
              syntax.place(),
              "ClickHouse has no type `"
                  + shortened(type.get().text())
                  + "`; the server refuses it.",
              "Put Nullable inside: arrays, maps and LowCardinality can't be NULL as a whole."));
    }
    var kind =
        switch (syntax.kind()) {
          case NONE -> Column.DefaultKind.NONE;
          case DEFAULT -> Column.DefaultKind.DEFAULT;
          case MATERIALIZED -> Column.DefaultKind.MATERIALIZED;
          case ALIAS -> {
            problems.add(
                Problem.error(
                    "unsupported_column_option",
                    syntax.place(),
                    "The client refuses ALIAS columns.",
                    "Use MATERIALIZED, or compute it in a Pipe."));
            yield Column.DefaultKind.MATERIALIZED;
          }
        };
    var expression = SqlText.normalise(syntax.expression());
    if (kind == Column.DefaultKind.DEFAULT
        && expression.equals("NULL")
        && type.get().isNullable()) {
      kind = Column.DefaultKind.NONE;
      expression = "";
    }
    return Optional.of(
        new Column(
            syntax.name(),
            type.get(),
            syntax.jsonPath(),
            kind,
            expression,
            syntax.codec().map(SqlText::normalise),
            syntax.place()));
  }

  private Map<String, String> settings() {
    var settings = new TreeMap<String, String>();
    for (var directive : file.directives()) {
      var key = directive.name();
      if (key.equals("IMPORT_QUERY")) {
        settings.put(key, SqlText.normalise(directive.value()));
      } else if (key.startsWith("KAFKA_")
          || key.startsWith("IMPORT_")
          || key.startsWith("EXPORT_")
          || key.startsWith("ENGINE_JOIN_")
          || key.equals("ENGINE_KEY_COLUMNS")) {
        settings.put(key, directive.value());
      }
    }
    return settings;
  }

  private List<String> sharedWith() {
    var workspaces = new TreeSet<String>();
    file.all("SHARED_WITH")
        .flatMap(d -> Arrays.stream(d.raw().split("[\\s,]+")))
        .map(w -> w.replaceAll("^[\"']|[\"']$", ""))
        .filter(w -> !w.isEmpty())
        .forEach(workspaces::add);
    return List.copyOf(workspaces);
  }

  // Shared with pipes

  /// Inline text keeps its quotes, as the client does; of a block every line is stripped.
  static String description(Optional<Directive> directive) {
    return directive
        .map(d -> String.join("\n", d.raw().lines().map(String::strip).toList()).strip())
        .orElse("");
  }

  static List<TokenGrant> tokens(List<Directive> directives, List<Problem> problems) {
    var tokens = new ArrayList<TokenGrant>();
    for (var directive : directives) {
      if (!directive.name().equals("TOKEN")) {
        continue;
      }
      var words = directive.arguments().stream().map(Word::value).toList();
      if (words.size() < 2) {
        problems.add(
            Problem.error(
                "token_syntax",
                directive.place(),
                "TOKEN needs a name and a permission.",
                "Write `TOKEN name READ` or `TOKEN name APPEND`."));
      } else {
        tokens.add(new TokenGrant(words.get(0), words.get(1)));
      }
    }
    return tokens;
  }

  static List<String> tags(Datafile file) {
    var tags = new TreeSet<String>();
    file.all("TAGS")
        .flatMap(d -> Arrays.stream(d.value().split("[,\n]")))
        .map(t -> t.strip().replaceAll("\\s*=\\s*", "="))
        .filter(t -> !t.isEmpty())
        .forEach(tags::add);
    return List.copyOf(tags);
  }

  static Optional<Integer> version(Datafile file, List<Problem> problems) {
    var directive = file.last("VERSION");
    if (directive.isEmpty()) {
      return Optional.empty();
    }
    var text = directive.get().value();
    if (text.matches("\\d{1,9}")) {
      return Optional.of(Integer.valueOf(text));
    }
    problems.add(
        Problem.error(
            "version_syntax",
            directive.get().place(),
            "VERSION needs a number that isn't negative.",
            "Correct it, or drop the line."));
    return Optional.empty();
  }

  static String shortened(String text) {
    var line = text.replaceAll("\\p{Cntrl}", " ").strip().toString();
    return line.length() > 60 ? line.substring(0, 60).toString() + "..." : line;
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }
}
