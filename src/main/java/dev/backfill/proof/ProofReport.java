package dev.backfill.proof;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The proof that one target, with the forks that hang from it, holds what the source held.
///
/// @param source the old Data Source
/// @param target its new version
/// @param cutover T as the live sync pipe says it; empty for an ad-hoc comparison
/// @param until W: rows with timestamps before it are proven as `live`, later ones as `future`;
///   empty for an ad-hoc comparison
/// @param asOf when the reading began that the judgement speaks of, by the server's clock: rows
///   that arrived in the source later are outside it
/// @param comparisons the direct one first, then one for each fork
public record ProofReport(
    String source,
    String target,
    Optional<Instant> cutover,
    Optional<Instant> until,
    Instant asOf,
    List<Comparison> comparisons) {

  public ProofReport {
    comparisons = List.copyOf(comparisons);
  }

  public Judgement judgement() {
    return Judgement.worst(comparisons.stream().map(Comparison::judgement).toList());
  }

  public long missing() {
    return comparisons.stream().mapToLong(Comparison::missing).sum();
  }

  public long surplus() {
    return comparisons.stream().mapToLong(Comparison::surplus).sum();
  }
}
