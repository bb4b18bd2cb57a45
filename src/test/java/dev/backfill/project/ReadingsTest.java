package dev.backfill.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ReadingsTest {
  private static final String DATA_SOURCE =
      """
      SCHEMA >
          `id` String `json:$.id`
      """;
  private static final String PIPE =
      """
      NODE n
      SQL >
          SELECT id FROM events WHERE id IN chosen
      """;

  private static java.util.SortedMap<String, String> files(String... pathsAndTexts) {
    var files = new TreeMap<String, String>();
    for (int i = 0; i < pathsAndTexts.length; i += 2) {
      files.put(pathsAndTexts[i], pathsAndTexts[i + 1]);
    }
    return files;
  }

  @Test
  void aFileThatIsTheSameInBothRevisionsIsParsedOnce() {
    var readings = new Readings();
    var base = files("datasources/events.datasource", DATA_SOURCE, "pipes/p.pipe", PIPE);
    var head = new TreeMap<>(base);
    head.put("datasources/other.datasource", DATA_SOURCE);

    var before = ProjectReader.read(base, readings);
    var after = ProjectReader.read(head, readings);

    assertThat(after.dataSource("events").orElseThrow())
        .isSameAs(before.dataSource("events").orElseThrow());
    assertThat(after.pipe("p").orElseThrow()).isSameAs(before.pipe("p").orElseThrow());
    assertThat(after).isEqualTo(ProjectReader.read(head));
  }

  @Test
  void eachDistinctTextIsParsedOnceHoweverManyRevisionsHoldIt() {
    var readings = new Readings();
    var files = new TreeMap<String, String>();
    for (int i = 0; i < 50; i++) {
      files.put("datasources/d%d.datasource".formatted(i), DATA_SOURCE);
      files.put("pipes/p%d.pipe".formatted(i), PIPE);
    }
    var parsed = Collections.newSetFromMap(new IdentityHashMap<Object, Boolean>());
    for (int revision = 0; revision < 5; revision++) {
      files.put("datasources/d7.datasource", DATA_SOURCE + "# " + revision + "\n");
      var project = ProjectReader.read(files, readings);
      parsed.addAll(project.dataSources().values());
      parsed.addAll(project.pipes().values());
    }

    assertThat(parsed).hasSize(100 + 4);
  }

  @Test
  void aNameThatBecomesADataSourceChangesWhatAnUnchangedPipeReads() {
    var readings = new Readings();
    var base = files("datasources/events.datasource", DATA_SOURCE, "pipes/p.pipe", PIPE);
    var head = new TreeMap<>(base);
    head.put("datasources/chosen.datasource", DATA_SOURCE);

    var before = ProjectReader.read(base, readings);
    var after = ProjectReader.read(head, readings);

    assertThat(before.pipe("p").orElseThrow().nodes().getFirst().reads()).containsExactly("events");
    assertThat(after.pipe("p").orElseThrow().nodes().getFirst().reads())
        .containsExactly("events", "chosen");
    assertThat(ProjectReader.read(base, readings)).isEqualTo(before);
  }

  @Test
  void anIncludedFileThatChangesChangesWhatIncludesIt() {
    var readings = new Readings();
    var including = "INCLUDE \"shared.incl\"\n\n" + DATA_SOURCE;
    var base =
        files("datasources/e.datasource", including, "datasources/shared.incl", "TOKEN a READ\n");
    var head = new TreeMap<>(base);
    head.put("datasources/shared.incl", "TOKEN b READ\n");

    var before = ProjectReader.read(base, readings);
    var after = ProjectReader.read(head, readings);

    assertThat(before).isEqualTo(ProjectReader.read(base));
    assertThat(after).isEqualTo(ProjectReader.read(head));
    assertThat(after.dataSources()).isNotEqualTo(before.dataSources());
  }

  @Test
  void theProblemsOfAFileAreReportedForEveryRevision() {
    var readings = new Readings();
    var files = files("pipes/p.pipe", "NODE n\nSQL >\n    SELECT 1\nTYPE nonsense\n");

    var before = ProjectReader.read(files, readings);
    var after = ProjectReader.read(files, readings);

    assertThat(before.problems()).isNotEmpty().isEqualTo(after.problems());
  }
}
