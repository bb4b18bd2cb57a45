package dev.backfill.run;

import static dev.backfill.proof.Questions.MARK;

import dev.backfill.failure.Failure;
import dev.backfill.plan.Chunk;
import dev.backfill.plan.ChunkGrid.Bucket;
import dev.backfill.plan.Grain;
import dev.backfill.plan.Migration;
import dev.backfill.plan.Ticks;
import dev.backfill.project.TimeType;
import dev.backfill.proof.Difference;
import dev.backfill.proof.ForkQuestions;
import dev.backfill.proof.KeyDifference;
import dev.backfill.proof.Questions;
import dev.backfill.proof.Reading;
import dev.backfill.proof.Side;
import dev.backfill.tinybird.Answer;
import dev.backfill.tinybird.Tinybird;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/// Asks a workspace. Readings that are too big for it are halved and added up.
final class SqlInventory implements Inventory {
  /// Ranges told apart in one question; each costs one comparison per row.
  private static final int RANGES_AT_ONCE = 32;

  /// Row hashes looked at in one difference.
  private static final int HASHES = 20_000;

  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS");

  private final Tinybird tinybird;
  private final Questions questions;
  private final Watch watch;

  SqlInventory(Tinybird tinybird, Questions questions, Watch watch) {
    this.tinybird = tinybird;
    this.questions = questions;
    this.watch = watch;
  }

  private Answer ask(String sql) {
    watch.check();
    return watch.read(questions.pair().target(), () -> tinybird.query(sql));
  }

  @Override
  public Instant now() {
    return instant(ask(Questions.now()).only().text(MARK + "now"));
  }

  /// What [Questions#now] is answered with.
  static Instant instant(String now) {
    return LocalDateTime.parse(now, MILLIS).toInstant(ZoneOffset.UTC);
  }

  @Override
  public Optional<Extent> extent(Side side, Chunk chunk) {
    return halving(
        side,
        chunk,
        c -> {
          var row = ask(questions.extent(side, c)).only();
          var rows = row.number(MARK + "n");
          if (rows == 0) {
            return Optional.empty();
          }
          return c.part() == Chunk.Part.NULL || questions.pair().timestamp().isEmpty()
              ? Optional.of(new Extent(rows, 0, 0))
              : Optional.of(
                  new Extent(
                      rows,
                      tick(side, row.text(MARK + "min")),
                      tick(side, row.text(MARK + "max"))));
        },
        (a, b) ->
            a.isEmpty()
                ? b
                : b.isEmpty()
                    ? a
                    : Optional.of(
                        new Extent(
                            a.get().rows() + b.get().rows(),
                            Math.min(a.get().first(), b.get().first()),
                            Math.max(a.get().last(), b.get().last()))));
  }

  @Override
  public SortedMap<Long, Bucket> histogram(Grain grain, Chunk range) {
    return halving(
        Side.SOURCE,
        range,
        c -> {
          var buckets = new TreeMap<Long, Bucket>();
          for (var row : ask(questions.histogram(grain, c)).rows()) {
            buckets.put(
                tick(Side.SOURCE, row.text(MARK + "at_text")),
                new Bucket(row.number(MARK + "n"), row.number(MARK + "partitions")));
          }
          return buckets;
        },
        (a, b) -> {
          a.putAll(b);
          return a;
        });
  }

  @Override
  public List<Reading> readings(Side side, List<Chunk> chunks) {
    if (chunks.size() == 1) {
      return List.of(
          halving(side, chunks.getFirst(), c -> read(side, List.of(c)).getFirst(), Reading::plus));
    }
    var half = chunks.size() / 2;
    if (chunks.size() <= RANGES_AT_ONCE) {
      try {
        return read(side, chunks);
      } catch (Failure.Remote failure) {
        if (failure.kind() != Failure.Kind.SIZE) {
          throw failure;
        }
      }
    }
    var out = new ArrayList<>(readings(side, chunks.subList(0, half)));
    out.addAll(readings(side, chunks.subList(half, chunks.size())));
    return out;
  }

  private List<Reading> read(Side side, List<Chunk> chunks) {
    var out = new ArrayList<Reading>();
    chunks.forEach(c -> out.add(Reading.NOTHING));
    for (var row : ask(questions.readings(side, chunks)).rows()) {
      out.set(Math.toIntExact(row.number(MARK + "chunk")), reading(row));
    }
    return out;
  }

  @Override
  public List<Reading> slices(Side side, int slices) {
    if (slices > 1) {
      try {
        var out = new ArrayList<Reading>();
        for (var i = 0; i < slices; i++) {
          out.add(Reading.NOTHING);
        }
        for (var row : ask(questions.slices(side, slices)).rows()) {
          out.set(Math.toIntExact(row.number(MARK + "slice")), reading(row));
        }
        return out;
      } catch (Failure.Remote failure) {
        if (failure.kind() != Failure.Kind.SIZE) {
          throw failure;
        }
      }
    }
    return Inventory.super.slices(side, slices);
  }

  @Override
  public long rows(Side side, Collection<BigInteger> hashes) {
    return ask(questions.rows(side, hashes)).only().number(MARK + "n");
  }

  @Override
  public Map<String, Partition> figures(Side side, Chunk chunk) {
    return halving(
        side,
        chunk,
        c -> {
          Map<String, Partition> out = new TreeMap<>();
          for (var row : ask(questions.figures(side, c)).rows()) {
            var bounds = c.part() == Chunk.Part.RANGE && questions.pair().timestamp().isPresent();
            out.put(
                row.text(MARK + "partition"),
                new Partition(
                    reading(row),
                    bounds
                        ? OptionalLong.of(tick(side, row.text(MARK + "min")))
                        : OptionalLong.empty(),
                    bounds
                        ? OptionalLong.of(tick(side, row.text(MARK + "max")))
                        : OptionalLong.empty()));
          }
          return out;
        },
        (a, b) -> {
          var sum = new TreeMap<>(a);
          b.forEach((name, partition) ->
              sum.merge(
                  name,
                  partition,
                  (x, y) ->
                      new Partition(
                          x.reading().plus(y.reading()),
                          least(x.first(), y.first()),
                          most(x.last(), y.last()))));
          return sum;
        });
  }

  private static OptionalLong least(OptionalLong a, OptionalLong b) {
    return a.isEmpty() || b.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(Math.min(a.getAsLong(), b.getAsLong()));
  }

  private static OptionalLong most(OptionalLong a, OptionalLong b) {
    return a.isEmpty() || b.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(Math.max(a.getAsLong(), b.getAsLong()));
  }

  @Override
  public Difference difference(Chunk chunk) {
    return difference(chunk, c -> questions.difference(c, HASHES));
  }

  @Override
  public Difference missing(Chunk chunk) {
    return difference(chunk, c -> questions.missing(c, HASHES));
  }

  @Override
  public long shortfall(Chunk chunk) {
    return halving(
        Side.SOURCE,
        chunk,
        c -> ask(questions.differenceTotals(c)).only().number(MARK + "missing"),
        Long::sum);
  }

  private Difference difference(Chunk chunk, Function<Chunk, String> question) {
    return halving(
        Side.SOURCE,
        chunk,
        c -> {
          var missing = new HashMap<BigInteger, Long>();
          var surplus = new HashMap<BigInteger, Long>();
          var rows = ask(question.apply(c)).rows();
          for (var row : rows) {
            var more = row.number(MARK + "x") - row.number(MARK + "y");
            (more > 0 ? missing : surplus).put(row.big(MARK + "h"), Math.abs(more));
          }
          return new Difference(missing, surplus, rows.size() < HASHES);
        },
        Difference::plus);
  }

  @Override
  public Map<BigInteger, String> examples(Side side, Chunk chunk, Collection<BigInteger> hashes) {
    if (hashes.isEmpty()) {
      return Map.of();
    }
    var out = new HashMap<BigInteger, String>();
    try {
      for (var row : ask(questions.examples(side, chunk, hashes)).rows()) {
        out.put(row.big(MARK + "h"), row.text(MARK + "row"));
      }
    } catch (Failure.Remote failure) {
      if (failure.kind() != Failure.Kind.SIZE) {
        throw failure;
      }
      // The hashes alone have to do: examples are for people, and the verdict doesn't rest on them.
    }
    return out;
  }

  @Override
  public Reading fork(Migration fork, boolean expected) {
    return reading(ask(new ForkQuestions(fork).reading(expected)).only());
  }

  @Override
  public KeyDifference forkDifference(Migration fork) {
    var keys = new HashMap<BigInteger, KeyDifference.Sides>();
    var rows = ask(new ForkQuestions(fork).difference(HASHES)).rows();
    for (var row : rows) {
      keys.put(
          row.big(MARK + "k"),
          new KeyDifference.Sides(
              row.big(MARK + "ee"),
              row.big(MARK + "aa"),
              row.number(MARK + "xx"),
              row.number(MARK + "yy")));
    }
    return new KeyDifference(keys, rows.size() < HASHES);
  }

  @Override
  public Map<BigInteger, String> forkExamples(
      Migration fork, boolean expected, Collection<BigInteger> keys) {
    var out = new HashMap<BigInteger, String>();
    var sql =
        new ForkQuestions(fork)
            .examples(expected, keys.stream().map(BigInteger::toString).toList());
    for (var row : ask(sql).rows()) {
      out.put(row.big(MARK + "k"), row.text(MARK + "row"));
    }
    return out;
  }

  private static Reading reading(Answer.Row row) {
    return new Reading(row.number(MARK + "n"), row.big(MARK + "s"));
  }

  private long tick(Side side, String text) {
    var cut = questions.pair().cut();
    if (side == Side.SOURCE) {
      return Ticks.parse(cut.type(), text);
    }
    TimeType type = cut.targetType();
    return Ticks.floor(cut.type(), Ticks.instant(type, Ticks.parse(type, text)));
  }

  /// Asks about the chunk, or, when that is too much, about its halves.
  private <T> T halving(
      Side side, Chunk chunk, Function<Chunk, T> question, BinaryOperator<T> add) {
    try {
      return question.apply(chunk);
    } catch (Failure.Remote failure) {
      if (failure.kind() != Failure.Kind.SIZE) {
        throw failure;
      }
      var bounds = new long[] {chunk.start().orElse(0), chunk.end().orElse(0)};
      if (questions.pair().timestamp().isPresent()
          && chunk.part() == Chunk.Part.RANGE
          && (chunk.start().isEmpty() || chunk.end().isEmpty())) {
        var row = ask(questions.extent(side, chunk)).only();
        if (row.number(MARK + "n") == 0) {
          throw failure;
        }
        bounds[0] = tick(side, row.text(MARK + "min"));
        bounds[1] = tick(side, row.text(MARK + "max"));
      }
      var halves = chunk.halves(bounds[0], bounds[1]);
      if (halves.isEmpty()) {
        throw failure;
      }
      watch.tell(
          new RunEvent.Split(
              questions.pair().target(),
              questions
                  .pair()
                  .timestamp()
                  .map(cut -> chunk.text(cut.type()))
                  .orElseGet(chunk::text),
              "reading: " + failure.getMessage()));
      return add.apply(
          halving(side, halves.get(0), question, add), halving(side, halves.get(1), question, add));
    }
  }
}
