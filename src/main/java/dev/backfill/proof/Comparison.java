package dev.backfill.proof;

import java.util.List;

/// How two Data Sources compare.
///
/// @param expected the Data Source whose rows are expected (through the mapping or the fork's
///   query)
/// @param actual the Data Source that must hold them
/// @param how what was compared with what, one phrase
/// @param figures per part of the whole and target partition, in order
/// @param missing rows (or, when rows are merged by key, keys) that `actual` lacks
/// @param surplus rows (or keys) that `actual` has too many of
/// @param accepted keys that differ from what is expected and are as the old version holds them,
///   which a person said is right
/// @param examples some of them, at most 20
/// @param readings how often the parts that differed at first were read
/// @param judgement what follows
/// @param because why, one sentence
public record Comparison(
    String expected,
    String actual,
    String how,
    List<Figure> figures,
    long missing,
    long surplus,
    long accepted,
    List<Example> examples,
    int readings,
    Judgement judgement,
    String because) {

  /// One with nothing accepted.
  public Comparison(
      String expected,
      String actual,
      String how,
      List<Figure> figures,
      long missing,
      long surplus,
      List<Example> examples,
      int readings,
      Judgement judgement,
      String because) {
    this(
        expected,
        actual,
        how,
        figures,
        missing,
        surplus,
        /* accepted= */ 0,
        examples,
        readings,
        judgement,
        because);
  }

  public Comparison {
    figures = List.copyOf(figures);
    examples = List.copyOf(examples);
  }

  /// Both sides' reading of the whole, as last read.
  public Reading expectedTotal() {
    return figures.stream().map(Figure::expected).reduce(Reading.NOTHING, Reading::plus);
  }

  public Reading actualTotal() {
    return figures.stream().map(Figure::actual).reduce(Reading.NOTHING, Reading::plus);
  }

  /// Both sides' reading of one partition of one part.
  ///
  /// @param part which part of the whole: `history` is `[min, T)`, `live` is `[T, W)`, `future` is
  ///   at or after W, `null` has no timestamp, `all` is undivided
  /// @param partition the target's partition as text; empty when it has none
  public record Figure(String part, String partition, Reading expected, Reading actual) {
    public boolean equal() {
      return expected.equals(actual);
    }
  }

  /// A row (or key) that is on one side only.
  ///
  /// @param missing true when `actual` lacks it, false when it has too many of it
  /// @param times how many of it
  /// @param row its values as JSON; hostile text
  public record Example(boolean missing, long times, String row) {}
}
