package dev.backfill.datafile;

/// A piece of a file. All pieces, top to bottom, are the file: nothing else is kept of its text.
public sealed interface Part {

  /// What it was read from; nothing for what came in through an `INCLUDE`.
  String print();

  /// A directive with its block.
  record Said(Directive directive) implements Part {
    @Override
    public String print() {
      return directive.print();
    }
  }

  /// A line between directives that means nothing: blank, a remark, or not to be made out.
  record Aside(Line line) implements Part {
    @Override
    public String print() {
      return line.print();
    }
  }

  /// Text that isn't looked into: a byte order mark, or all of a file that is too large.
  record Unread(String print) implements Part {}
}
