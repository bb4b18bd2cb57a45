package dev.backfill.datafile;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The syntax of a datafile. Nothing is lost: [#print()] puts the pieces together again and gives
/// the text that was parsed, byte for byte.
public sealed interface Datafile {

  /// Path relative to the project.
  String path();

  /// All of the file, top to bottom; what an `INCLUDE` brought stands behind it.
  List<Part> parts();

  /// The text as it was given, line endings, byte order mark and all, made anew at each call.
  default String print() {
    return parts().stream().map(Part::print).collect(Collectors.joining());
  }

  /// Every directive, in the order they take effect; those of an `INCLUDE` stand behind it.
  List<Directive> directives();

  private static List<Directive> directives(List<Part> parts) {
    return parts.stream()
        .flatMap(p -> p instanceof Part.Said said ? Stream.of(said.directive()) : Stream.empty())
        .toList();
  }

  /// All directives of that name.
  default Stream<Directive> all(String name) {
    return directives().stream().filter(d -> d.name().equals(name));
  }

  /// The last directive of that name: for simple values the last one wins.
  default Optional<Directive> last(String name) {
    return all(name).reduce((first, second) -> second);
  }

  /// A `.datasource` file.
  ///
  /// @param columns entries of `SCHEMA`, in order
  /// @param indexes entries of `INDEXES`, in order
  record DatasourceFile(
      String path,
      List<Part> parts,
      List<Directive> directives,
      List<ColumnSyntax> columns,
      List<IndexSyntax> indexes)
      implements Datafile {
    public DatasourceFile {
      parts = List.copyOf(parts);
      directives = List.copyOf(directives);
      columns = List.copyOf(columns);
      indexes = List.copyOf(indexes);
    }

    DatasourceFile(
        String path, List<Part> parts, List<ColumnSyntax> columns, List<IndexSyntax> indexes) {
      this(path, parts, Datafile.directives(parts), columns, indexes);
    }
  }

  /// A `.pipe` file.
  ///
  /// @param head directives before the first NODE
  /// @param nodes the nodes in order
  record PipeFile(
      String path,
      List<Part> parts,
      List<Directive> directives,
      List<Directive> head,
      List<NodeSyntax> nodes)
      implements Datafile {
    public PipeFile {
      parts = List.copyOf(parts);
      directives = List.copyOf(directives);
      head = List.copyOf(head);
      nodes = List.copyOf(nodes);
    }

    PipeFile(String path, List<Part> parts, List<Directive> head, List<NodeSyntax> nodes) {
      this(path, parts, Datafile.directives(parts), head, nodes);
    }

    public Optional<NodeSyntax> node(String name) {
      return nodes.stream().filter(n -> n.name().equals(name)).findFirst();
    }
  }
}
