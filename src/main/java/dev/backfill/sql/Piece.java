package dev.backfill.sql;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// Tokens as a tree of brackets.
sealed interface Piece {
  /// Deeper texts are refused: ClickHouse's own parser stops there too, and reading them would need
  /// an unbounded stack.
  int MAX_DEPTH = 1000;

  /// A token that is no bracket.
  record Leaf(Token token) implements Piece {}

  /// What stands between two brackets.
  record Group(char open, List<Piece> pieces) implements Piece {}

  /// The tree; stray closing brackets are dropped, missing ones added at the end.
  ///
  /// @throws IllegalArgumentException when nested deeper than [#MAX_DEPTH]
  static List<Piece> tree(List<Token> tokens) {
    var open = new ArrayDeque<List<Piece>>();
    List<Piece> current = new ArrayList<>();
    for (var token : tokens) {
      if (token.symbol("(") || token.symbol("[") || token.symbol("{")) {
        if (open.size() == MAX_DEPTH) {
          throw new IllegalArgumentException("SQL nested deeper than " + MAX_DEPTH + " brackets");
        }
        var inside = new ArrayList<Piece>();
        current.add(new Group(token.text().charAt(0), inside));
        open.push(current);
        current = inside;
      } else if (token.symbol(")") || token.symbol("]") || token.symbol("}")) {
        if (!open.isEmpty()) {
          current = open.pop();
        }
      } else {
        current.add(new Leaf(token));
      }
    }
    return open.isEmpty() ? current : open.peekLast();
  }

  /// True for a bare word that reads like this keyword.
  default boolean is(String keyword) {
    return this instanceof Leaf(var token) && token.is(keyword);
  }

  default boolean symbol(String symbol) {
    return this instanceof Leaf(var token) && token.symbol(symbol);
  }

  default boolean isName() {
    return this instanceof Leaf(var token) && token.isName();
  }

  default boolean isParentheses() {
    return this instanceof Group(var open, _) && open == '(';
  }

  /// Whether this is a tag that doesn't write anything itself, or an expression whose text is
  /// unknown.
  default boolean isTemplate() {
    return this instanceof Leaf(var token)
        && (token.kind() == Token.Kind.TAG || token.kind() == Token.Kind.EXPRESSION);
  }
}
