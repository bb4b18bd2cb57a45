package dev.backfill.proof;

import dev.backfill.plan.Migration;
import dev.backfill.plan.Migration.Reduced;
import dev.backfill.sql.Quote;
import java.util.List;
import java.util.stream.Collectors;

/// The SQL that asks whether a fork holds what its query gives over its trigger. Both sides are
/// merged by the fork's own rule first, so parts and merges don't matter.
public final class ForkQuestions {
  private final Migration fork;
  private final String expectedRows;
  private final String actualRows;

  /// @throws IllegalArgumentException when the migration says nothing to compare by
  public ForkQuestions(Migration fork) {
    if (fork.query().isEmpty() || fork.reduced().isEmpty()) {
      throw new IllegalArgumentException(fork.target() + " has no query to compare with");
    }
    this.fork = fork;
    expectedRows = "(" + fork.query().orElseThrow() + "\n)";
    actualRows = Quote.identifier(fork.target());
  }

  /// The same where rows that only the target has are nobody's fault: what is expected together
  /// with the target's own rows, merged, has to be the target.
  ///
  /// @param also condition on the target's rows that count as its own
  static Migration beside(Migration migration, String expected, String also) {
    var columns =
        migration.projection().stream()
            .map(p -> Quote.identifier(p.column()))
            .collect(Collectors.joining(", "));
    return migration.withQuery(
        "SELECT %s FROM (%s\n) UNION ALL SELECT %s FROM %s WHERE %s"
            .formatted(columns, expected, columns, Quote.identifier(migration.target()), also));
  }

  /// A target that keeps the newest row of each key, to be asked whether it keeps none that is
  /// older than the source's: newer ones are its producers' own.
  public static Migration orNewer(Migration keyed) {
    return beside(keyed, keyed.query().orElseThrow(), "1");
  }

  /// A fork to be asked whether it holds what the old view's target holds: neither follows when
  /// rows are deleted from what they hang from.
  public static Migration asOld(Migration fork) {
    return fork.withQuery("SELECT * FROM " + Quote.identifier(fork.source()));
  }

  private ForkQuestions(Migration fork, String expectedRows, String actualRows) {
    this.fork = fork;
    this.expectedRows = expectedRows;
    this.actualRows = actualRows;
  }

  /// About a part of the rows only.
  ///
  /// @param expectedRows SQL that can stand behind FROM: what the fork has to hold of that part
  /// @param actualRows the same of what it holds
  ForkQuestions over(String expectedRows, String actualRows) {
    return new ForkQuestions(fork, expectedRows, actualRows);
  }

  /// Whether keys are compared (rows are merged by key), not single rows.
  public boolean byKey() {
    return fork.reduced().stream().anyMatch(Reduced::key);
  }

  /// Columns `n` and `s`.
  public String reading(boolean expected) {
    return "SELECT count() AS backfill__n, sum(cityHash64(tuple(backfill__k, backfill__v))) AS backfill__s FROM "
        + reduced(expected);
  }

  /// Keys (or rows) whose two sides differ. Columns `k`, `e` and `a` (what is expected and what is
  /// there, as hashes; for rows 0), `x` and `y` (how often each side has it).
  public String difference(int limit) {
    var sum = byKey() ? "sum(cityHash64(backfill__v))" : "toUInt64(0)";
    return "SELECT backfill__k, sum(backfill__e) AS backfill__ee, sum(backfill__a) AS backfill__aa, sum(backfill__x) AS backfill__xx, sum(backfill__y) AS backfill__yy FROM ("
        + "SELECT backfill__k, "
        + sum
        + " AS backfill__e, toUInt64(0) AS backfill__a, count() AS backfill__x, toUInt64(0) AS backfill__y FROM "
        + reduced(true)
        + " GROUP BY backfill__k UNION ALL SELECT backfill__k, toUInt64(0) AS backfill__e, "
        + sum
        + " AS backfill__a, toUInt64(0) AS backfill__x, count() AS backfill__y FROM "
        + reduced(false)
        + " GROUP BY backfill__k) GROUP BY backfill__k HAVING backfill__ee != backfill__aa OR backfill__xx != backfill__yy ORDER BY backfill__k LIMIT "
        + limit;
  }

  /// Merged rows with these key hashes, as text. Columns `k`, `row`.
  public String examples(boolean expected, List<String> keyHashes) {
    return "SELECT backfill__k, backfill__row FROM "
        + reduced(expected)
        + " WHERE backfill__k IN ("
        + keyHashes.stream()
            .map(h -> "toUInt64(" + Quote.literal(h) + ")")
            .collect(Collectors.joining(", "))
        + ") LIMIT 1 BY backfill__k";
  }

  private String reduced(boolean expected) {
    var from = expected ? expectedRows : actualRows;
    var keys = fork.reduced().stream().filter(Reduced::key).map(Reduced::expression).toList();
    var values = fork.reduced().stream().filter(r -> !r.key()).map(Reduced::expression).toList();
    var all = fork.reduced().stream().map(Reduced::expression).toList();
    var k = byKey() ? tuple(keys) : tuple(all);
    var v = byKey() ? tuple(values) : "tuple(0)";
    return "(SELECT cityHash64("
        + k
        + ") AS backfill__k, "
        + v
        + " AS backfill__v, toString("
        + tuple(all)
        + ") AS backfill__row FROM "
        + from
        + (byKey() ? " GROUP BY " + String.join(", ", keys) : "")
        + ")";
  }

  private static String tuple(List<String> expressions) {
    return expressions.isEmpty() ? "tuple(0)" : "tuple(" + String.join(", ", expressions) + ")";
  }
}
