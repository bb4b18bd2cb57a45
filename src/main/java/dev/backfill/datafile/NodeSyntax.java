package dev.backfill.datafile;

import java.util.List;
import java.util.Optional;

/// A `NODE` and what follows it up to the next one.
///
/// @param opening the NODE directive
/// @param directives the others
public record NodeSyntax(Directive opening, List<Directive> directives) {
  public NodeSyntax {
    directives = List.copyOf(directives);
  }

  public String name() {
    return opening.value();
  }

  public Optional<Directive> last(String name) {
    return directives.stream().filter(d -> d.name().equals(name)).reduce((a, b) -> b);
  }
}
