package dev.backfill.datafile;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The syntax of a datafile. Nothing is lost: [#print()] is the text that was parsed.
public sealed interface Datafile {

  /// Path relative to the project.
  String path();

  /// The text as it was given, line endings, byte order mark and all.
  String print();

  /// Every directive, in the order they take effect; those of an `INCLUDE` stand behind it.
  List<Directive> directives();

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
      String print,
      List<Directive> directives,
      List<ColumnSyntax> columns,
      List<IndexSyntax> indexes)
      implements Datafile {
    public DatasourceFile {
      directives = List.copyOf(directives);
      columns = List.copyOf(columns);
      indexes = List.copyOf(indexes);
    }
  }

  /// A `.pipe` file.
  ///
  /// @param head directives before the first NODE
  /// @param nodes the nodes in order
  record PipeFile(
      String path,
      String print,
      List<Directive> directives,
      List<Directive> head,
      List<NodeSyntax> nodes)
      implements Datafile {
    public PipeFile {
      directives = List.copyOf(directives);
      head = List.copyOf(head);
      nodes = List.copyOf(nodes);
    }

    public Optional<NodeSyntax> node(String name) {
      return nodes.stream().filter(n -> n.name().equals(name)).findFirst();
    }
  }
}
