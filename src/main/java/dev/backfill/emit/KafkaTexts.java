package dev.backfill.emit;

import dev.backfill.datafile.Datafile;
import dev.backfill.datafile.Directive;
import dev.backfill.emit.Texts.Patch;
import dev.backfill.plan.Migration;
import dev.backfill.sql.Quote;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Texts of a Kafka Data Source's new version, which reads the topic itself, and of the Copy Pipe
/// that brings older rows by partition and offset.
final class KafkaTexts {
  private static final String GROUP = "KAFKA_GROUP_ID ";
  private static final Pattern OTHER_GROUP =
      Pattern.compile(
          "(?m)^("
              + Pattern.quote(Texts.NOT_CARRIED)
              + "KAFKA_GROUP_ID[^\\n]*\\n)KAFKA_GROUP_ID[^\\n]*\\n?");

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._$\\{}-]+");

  private KafkaTexts() {}

  /// Whether a consumer group's name can be written with something behind it.
  static boolean nameable(String group) {
    return !group.isBlank() && group.lines().count() == 1 && !group.contains("\"");
  }

  /// The author's text with another consumer group; the old line stays as a comment.
  static String twin(Datafile file, Directive group, String target) {
    var other = group.value().strip() + "_" + target;
    var line = GROUP + (PLAIN.matcher(other).matches() ? other : '"' + other + '"') + "\n";
    var text = file.print();
    var ends = group.end() > 0 && text.charAt(group.end() - 1) == '\n';
    return Texts.patch(
        text,
        List.of(
            new Patch(group.start(), group.start(), Texts.NOT_CARRIED),
            new Patch(group.end(), group.end(), (ends ? "" : "\n") + line)));
  }

  /// The text without the group that [#twin] added.
  static String withOneGroup(String twin) {
    return OTHER_GROUP.matcher(twin).replaceAll("$1");
  }

  /// History feed: rows of one partition in a range of offsets, as far as the target lacks them. So
  /// a repeated or late job writes nothing.
  static String backfill(Migration m) {
    var range =
        "`%1$s` = {{Int64(partition, -1)}}\nAND `%2$s` >= {{Int64(start_offset, 0)}} AND `%2$s` < {{Int64(end_offset, 0)}}"
            .formatted(Migration.PARTITION, Migration.OFFSET);
    var prefix = prefix(m);
    var inner = new ArrayList<String>();
    var outer = new ArrayList<String>();
    for (var p : m.projection()) {
      var name = prefix + inner.size();
      inner.add(p.expression() + " AS " + name);
      outer.add(name + " AS " + Quote.identifier(p.column()));
    }
    var sql =
        "%\n{% if defined(tag) %}{% end %}\nSELECT\n"
            + indent(String.join(",\n", outer))
            + "\nFROM\n(\n"
            + indent(
                "SELECT\n"
                    + indent(String.join(",\n", inner))
                    + "\nFROM "
                    + Quote.identifier(m.source())
                    + "\nWHERE "
                    + range
                    + "\nAND `"
                    + Migration.OFFSET
                    + "` NOT IN\n(\n"
                    + indent(
                        "SELECT `"
                            + Migration.OFFSET
                            + "`\nFROM "
                            + Quote.identifier(m.target())
                            + "\nWHERE "
                            + range)
                    + "\n)")
            + "\n)";
    return """
    DESCRIPTION >
        Copies rows of one Kafka partition of %s with offsets from start_offset up to, not including, end_offset into %s, as far as they lack there.
        Made by tinybird-backfill and run by "backfill run". Offsets that the new version's consumer is about to bring must stay out.

    NODE backfill
    SQL >
    %s

    TYPE COPY
    TARGET_DATASOURCE %s
    COPY_MODE append
    COPY_SCHEDULE @on-demand
    """
        .formatted(m.source(), m.target(), indent(sql.replace("$", "$$")), m.target());
  }

  private static String prefix(Migration m) {
    var free = new StringBuilder("backfill_");
    while (m.projection().stream()
        .anyMatch(p -> p.column().startsWith(free.toString()) || p.expression().contains(free))) {
      free.insert(0, '_');
    }
    return free.toString();
  }

  private static String indent(String text) {
    return text.lines().map(line -> "    " + line).collect(Collectors.joining("\n"));
  }
}
