package dev.backfill.demo;

import dev.backfill.local.LocalWorkspace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// A Data Source that Kafka feeds. The embedded workspace has no Kafka: a topic is kept here, and
/// two threads bring its messages as the two consumer groups would, each in the order of its
/// partitions and from the offset at which it begins. So this shows the copies, the seam by offset
/// and the proof; it shows nothing of Tinybird's connector, of a consumer's start or of its
/// rebalances.
final class KafkaTwin extends Play {
  private static final String FILE = "datasources/orders.datasource";
  private static final int PARTITIONS = 3;
  private static final int SEEDS = 20_000;

  private final Topic topic = new Topic();
  private @Nullable Producer first;
  private @Nullable Producer second;

  /// Messages by partition; the offset of a message is its place, and the first ones are gone.
  private static final class Topic {
    private static final int GONE = 1_000;
    private final List<List<String>> partitions = new ArrayList<>();
    private final long[] read = new long[PARTITIONS];
    private final long[] begun = new long[PARTITIONS];

    Topic() {
      for (var i = 0; i < PARTITIONS; i++) {
        partitions.add(new ArrayList<>());
        begun[i] = -1;
      }
    }

    /// New messages, as the old consumer brings them.
    synchronized String produce(int messages) {
      var out = new StringBuilder();
      for (var i = 0; i < messages; i++) {
        var partition = (int) (Math.random() * PARTITIONS);
        var there = partitions.get(partition);
        var offset = there.size() + GONE;
        var line =
            "{\"__partition\":%d,\"__offset\":%d,\"__topic\":\"orders\",\"shop\":\"shop %d\",\"amount\":%d}\n"
                .formatted(partition, offset, offset % 7, offset % 50);
        there.add(line);
        out.append(line);
      }
      return out.toString();
    }

    /// The new consumer group begins here, some messages before the end.
    synchronized void begin() {
      for (var i = 0; i < PARTITIONS; i++) {
        begun[i] = Math.max(0, partitions.get(i).size() - 20 - i);
        read[i] = begun[i];
      }
    }

    /// What the new consumer brings next.
    synchronized String consume() {
      var out = new StringBuilder();
      for (var i = 0; i < PARTITIONS; i++) {
        var there = partitions.get(i);
        for (var n = 0; n < 40 && read[i] < there.size(); n++) {
          out.append(there.get((int) read[i]++));
        }
      }
      return out.toString();
    }

    synchronized long messages() {
      return partitions.stream().mapToLong(List::size).sum();
    }

    synchronized long before() {
      var sum = 0L;
      for (var i = 0; i < PARTITIONS; i++) {
        sum += begun[i];
      }
      return sum;
    }
  }

  @Override
  String name() {
    return "kafka_twin";
  }

  @Override
  long rows() {
    return 200_000;
  }

  @Override
  SortedMap<String, String> base() {
    return project("orders", FILE, "datasources/revenue.datasource", "pipes/sum_revenue.pipe");
  }

  @Override
  String change() {
    return "A pull request changes the sorting key of orders, which Kafka feeds, from `shop` to `shop, __offset`";
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return edited(base, FILE, "KEY \"shop\"", "KEY \"shop, __offset\"");
  }

  @Override
  void prepare(LocalWorkspace local) {
    local.faults().topicsPlayed(true);
  }

  @Override
  void seed(Stage stage, long rows) {
    stage.step("%,d messages of history in %d partitions".formatted(rows, PARTITIONS));
    while (topic.messages() < rows) {
      stage
          .workspace()
          .append(
              "orders", topic.produce(Math.toIntExact(Math.min(SEEDS, rows - topic.messages()))));
    }
  }

  @Override
  void begin(Stage stage) {
    stage.step("The old consumer group goes on reading: about 500 messages/s");
    first = new Producer(stage.workspace(), "orders", () -> topic.produce(50));
  }

  @Override
  void deployed(Stage stage) {
    stage.step("The consumer group of orders_1 begins to read, where the topic is by now");
    topic.begin();
    second = new Producer(stage.workspace(), "orders_1", topic::consume);
    stage.pause(Duration.ofSeconds(2));
  }

  @Override
  void run(Stage stage) {
    stage.step(
        "backfill run copies, partition by partition, what lies below the first offset of orders_1, and proves it");
    stage.run();
  }

  @Override
  void afterwards(Stage stage) {
    stage.step("Both consumers go on; the topic ends, and they read it to its end");
    stage.pause(Duration.ofSeconds(2));
    end();
    var rest = topic.consume();
    while (!rest.isEmpty()) {
      stage.workspace().append("orders_1", rest);
      rest = topic.consume();
    }
  }

  @Override
  void end() {
    var one = first;
    first = null;
    if (one != null) {
      one.close();
    }
    var two = second;
    second = null;
    if (two != null) {
      two.close();
    }
  }

  @Override
  Figures figures(Stage stage) {
    var messages = topic.messages();
    var rows = stage.number("SELECT count() AS n FROM orders_1");
    var different = stage.number("SELECT uniqExact(__partition, __offset) AS n FROM orders_1");
    var wrong = stage.number("SELECT countIf(amount != __offset % 50) AS n FROM orders_1");
    var revenue =
        stage.number(
            "SELECT abs(toInt64((SELECT sum(amount) FROM orders)) - toInt64((SELECT sumMerge(revenue) FROM revenue_1))) AS n");
    return new Figures(
        messages - different,
        rows - different,
        List.of(
            "messages in the topic    %,15d".formatted(messages),
            "below the new group      %,15d".formatted(topic.before()),
            "rows in the new version  %,15d".formatted(rows),
            "lost                     %,15d".formatted(messages - different),
            "doubled                  %,15d".formatted(rows - different),
            "rows that are wrong      %,15d".formatted(wrong),
            "revenue behind it: off by %,14d".formatted(revenue)),
        wrong == 0 && revenue == 0);
  }
}
