package dev.backfill.journey;

import dev.backfill.config.Settings;
import dev.backfill.config.SettingsReader;
import dev.backfill.failure.Failure;
import dev.backfill.plan.PlanCore;
import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import dev.backfill.project.Tinyenv;
import dev.backfill.report.CoreJson;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A committed `plan.json` as a file; no git is needed for it.
public final class PlanFile {
  private PlanFile() {}

  /// `deploy/<VERSION of .tinyenv>/plan.json` of a project.
  ///
  /// @param project the project's folder
  /// @throws Failure.Usage when `.tinyenv` doesn't say a version
  public static Path of(Path project) {
    var tinyenv = project.resolve(".tinyenv").normalize();
    String text;
    try {
      text = Files.exists(tinyenv) ? Files.readString(tinyenv) : "";
    } catch (IOException e) {
      throw new Failure.Machine("can't read " + tinyenv, e);
    }
    var version = Tinyenv.parse(text).getOrDefault("VERSION", "");
    if (!version.matches("[0-9A-Za-z][0-9A-Za-z._-]*")) {
      throw new Failure.Usage(
          "no VERSION in "
              + tinyenv
              + " says which plan is meant. Name it with --plan, or the project's folder with"
              + " --repo and --project-dir.");
    }
    return project.resolve("deploy").resolve(version).resolve("plan.json");
  }

  /// @throws Failure.Usage when there is no such file
  /// @throws Failure.Unreadable when it isn't a plan
  public static PlanCore read(Path file) {
    try {
      return CoreJson.read(Files.readString(file));
    } catch (NoSuchFileException e) {
      throw new Failure.Usage(
          "there is no plan at " + file + ". Name it with --plan, or run backfill generate first.");
    } catch (CharacterCodingException e) {
      throw unreadable(file, 0, "it isn't UTF-8 text");
    } catch (IOException e) {
      throw new Failure.Machine("can't read " + file, e);
    } catch (CoreJson.Malformed e) {
      throw unreadable(file, e.line(), String.valueOf(e.getMessage()));
    }
  }

  /// `quiet` of the `backfill.yml` that lies beside the `deploy` folder the plan is in, or the
  /// default.
  public static Duration quiet(Path plan) {
    var project = plan.toAbsolutePath().normalize().resolve("../../../").normalize();
    var file = project.resolve(Sources.SETTINGS_FILE);
    if (!Files.isRegularFile(file)) {
      return Settings.DEFAULTS.quiet();
    }
    try {
      var read = SettingsReader.read(file.toString(), Files.readString(file));
      Sources.stopOnWrongSettings(read.problems());
      return read.settings().quiet();
    } catch (IOException e) {
      throw new Failure.Machine("can't read " + file, e);
    }
  }

  private static Failure.Unreadable unreadable(Path file, int line, String what) {
    return new Failure.Unreadable(
        List.of(
            Problem.error(
                "plan_unreadable",
                Place.of(file.toString(), line),
                what + ".",
                "Take it back as `backfill generate` wrote it.")));
  }
}
