package dev.backfill;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The map of the house (`.github/CONTRIBUTING.md`), held equal to the house.
class ArchitectureTest {
  private static final String ROOT = "dev.backfill.";
  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.backfill");

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "problem       |",
        "failure       | problem",
        "sql           | problem",
        "datafile      | sql problem",
        "project       | datafile sql problem",
        "config        | problem",
        "change        | project config sql problem",
        "plan          | change project config sql problem",
        "emit          | plan change project datafile config sql problem",
        "proof         | plan project sql problem",
        "revision      | failure problem",
        "tinybird      | failure problem",
        "github        | revision failure problem",
        "status        |",
        "survey        | tinybird plan project sql problem failure",
        "run           | status tinybird proof plan project sql problem failure",
        "report        | status run proof plan change project emit problem",
        "http          | failure",
        "revision.jgit | revision failure problem",
        "tinybird.http | tinybird http failure problem",
        "github.http   | github revision http failure problem",
        "worktree      | emit failure",
        "local         | local.engine datafile project sql problem failure",
        "local.engine  | failure",
        "tb            | tinybird.http http revision revision.jgit project datafile sql failure problem",
        "action        | github journey report status run emit plan change tinybird revision problem failure",
        "journey       | revision revision.jgit tinybird tinybird.http http worktree report status survey run proof emit plan change"
            + " project datafile config sql failure problem",
      })
  void aRoomOpensOnlyTheseDoors(String room, @Nullable String doors) {
    var others =
        doors == null ? Stream.<String>of() : Stream.of(doors.split(" ")).map(ROOT::concat);
    var open = Stream.concat(Stream.of(ROOT + room), others).toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage(ROOT + room)
        .should()
        .dependOnClassesThat(
            resideInAnyPackage("dev.backfill..").and(not(resideInAnyPackage(open))))
        .allowEmptyShould(true)
        .check(HOUSE);
  }

  @ParameterizedTest(name = "{0} only in {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "okhttp3..              | dev.backfill.http dev.backfill.tinybird.http",
        "org.eclipse.jgit..     | dev.backfill.revision.jgit dev.backfill.demo",
        "picocli..              | dev.backfill.cli",
        "org.snakeyaml..        | dev.backfill.config",
        "tools.jackson..        | dev.backfill.report dev.backfill.tinybird.http dev.backfill.github.http dev.backfill.local dev.backfill.tb dev.backfill.cli"
            + " dev.backfill.action"
            + " dev.backfill.demo",
        "java.lang.foreign..    | dev.backfill.local.engine",
        "com.sun.net.httpserver.. | dev.backfill.local",
      })
  void aLibraryStaysInItsRoom(String library, String rooms) {
    noClasses()
        .that()
        .resideInAPackage("dev.backfill..")
        .and(not(resideInAnyPackage(rooms.split(" "))))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(HOUSE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "problem",
        "failure",
        "sql",
        "datafile",
        "project",
        "config",
        "change",
        "plan",
        "emit",
        "proof",
        "status",
        "report"
      })
  void pureRoomsReadNoClockFileSocketOrEnvironment(String room) {
    noClasses()
        .that()
        .resideInAPackage(ROOT + room)
        .should()
        .dependOnClassesThat(
            resideInAnyPackage("java.nio.file..", "java.net..", "java.lang.foreign.."))
        .orShould()
        .callMethod(java.time.Instant.class, "now")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .orShould()
        .callMethod(System.class, "getProperty", String.class)
        .allowEmptyShould(true)
        .check(HOUSE);
  }

  @Test
  void everyRoomIsNullMarked() {
    classes()
        .that()
        .haveSimpleName("package-info")
        .should()
        .beAnnotatedWith(org.jspecify.annotations.NullMarked.class)
        .check(HOUSE);
  }
}
