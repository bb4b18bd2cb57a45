package dev.backfill.project;

import dev.backfill.problem.Place;
import dev.backfill.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Which of Tinybird's CI templates deploy a project, as its callers name them, and what that means
/// for a generated `deploy.sh`. The templates (`tinybirdco/ci`) differ in the scripts they look
/// for: v3 and v4 run `deploy/$VERSION/deploy.sh`, v1.1 and v2 `ci-deploy.sh` and `cd-deploy.sh` of
/// that folder, v1.0 a script named after the git branch.
///
/// @param versions callers by version as they spell it, with the file of the first
/// @param bare files that deploy by a command of their own, where no file names `deploy.sh`
public record CiTemplate(SortedMap<String, String> versions, SortedSet<String> bare) {
  /// Scripts of templates v1.1 and v2.
  private static final Set<String> OLD_SCRIPTS = Set.of("cd-deploy.sh", "ci-deploy.sh");

  private static final Pattern CALLER =
      Pattern.compile(
          "tinybirdco/ci/[^\\s'\"@]*@([^\\s'\"#]+)|tinybirdco/ci/([^\\s'\"/@]+)/(?!workflows)[^\\s'\"@]*");
  private static final Pattern FOLDER =
      Pattern.compile("(?m)^\\s*(?:data_project_dir|DATA_PROJECT_DIR)\\s*:\\s*(\\S+)");
  private static final Pattern COMMAND =
      Pattern.compile("\\btb\\s(?:[^\\n|;&]*\\s)?(?:deploy|push)\\b");
  private static final Pattern RELEASE = Pattern.compile("v?(\\d+)(?:\\.(\\d+))?(?:\\.\\d+)?");

  public CiTemplate {
    versions = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(versions));
    bare = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(bare));
  }

  /// @param files workflows' texts by path in the repository
  /// @param projectDir the project's folder; a caller that names another one isn't this project's
  public static CiTemplate of(Map<String, String> files, String projectDir) {
    var versions = new TreeMap<String, String>();
    var bare = new TreeSet<String>();
    var scripted = false;
    for (var file : new TreeMap<>(files).entrySet()) {
      var text =
          file.getValue()
              .lines()
              .map(line -> line.replaceFirst("(?:^|\\s)#.*", ""))
              .collect(Collectors.joining("\n"));
      var called = CALLER.matcher(text).results().map(CiTemplate::version).toList();
      if (!called.isEmpty() && !deploys(text, projectDir)) {
        continue;
      }
      called.forEach(v -> versions.putIfAbsent(v, file.getKey()));
      scripted |= text.contains("deploy.sh");
      if (COMMAND.matcher(text).find()) {
        bare.add(file.getKey());
      }
    }
    return new CiTemplate(versions, scripted ? new TreeSet<>() : bare);
  }

  private static String version(java.util.regex.MatchResult caller) {
    return caller.group(1) != null ? caller.group(1) : caller.group(2);
  }

  private static boolean deploys(String text, String projectDir) {
    var folders =
        FOLDER
            .matcher(text)
            .results()
            .map(m -> m.group(1).replaceAll("^['\"]?(?:\\./)?|/?['\"]?$", ""))
            .map(f -> f.isEmpty() ? "." : f)
            .toList();
    return folders.isEmpty() || folders.contains(projectDir);
  }

  /// Names of scripts beside `deploy.sh` that have to lead to it.
  public SortedSet<String> scripts() {
    var scripts = new TreeSet<String>();
    if (versions.keySet().stream().map(CiTemplate::generation).anyMatch(Generation.OLD::equals)) {
      scripts.addAll(OLD_SCRIPTS);
    }
    return scripts;
  }

  /// What is to be said: errors stop `generate`.
  public List<Problem> problems() {
    var out = new ArrayList<Problem>();
    versions.forEach((version, file) -> {
      switch (generation(version)) {
        case CURRENT -> {}
        case RELEASES ->
            out.add(
                Problem.warning(
                    "ci_template_old",
                    Place.NOWHERE,
                    "%s calls version %s of Tinybird's CI templates, which runs deploy.sh and then its tests with --semver VERSION; deploy.sh makes no Release of that number."
                        .formatted(file, version),
                    "Call v4.1.0 there. Else look at what the tests of the first pull request say."));
        case OLD ->
            out.add(
                Problem.warning(
                    "ci_template_old",
                    Place.NOWHERE,
                    "%s calls version %s of Tinybird's CI templates, which looks for ci-deploy.sh and cd-deploy.sh; both are written and run deploy.sh."
                        .formatted(file, version),
                    "Call v4.1.0 there: the old one works with `tb env`, which today's client may not have."));
        case OLDEST ->
            out.add(
                Problem.error(
                    "ci_template_unsupported",
                    Place.NOWHERE,
                    "%s calls version %s of Tinybird's CI templates, which never runs deploy/VERSION/deploy.sh: it would push the sync Pipes without their cutover, and populate them."
                        .formatted(file, version),
                    "Call v4.1.0 there before this change, or remove the file if nothing uses it."));
        case UNKNOWN ->
            out.add(
                Problem.warning(
                    "ci_template_unknown",
                    Place.NOWHERE,
                    "%s calls `%s` of Tinybird's CI templates, which isn't a version that is known to run deploy/VERSION/deploy.sh."
                        .formatted(file, version),
                    "See that it runs that script instead of `tb deploy`, or call v4.1.0."));
      }
    });
    if (!bare.isEmpty()) {
      out.add(
          Problem.warning(
              "ci_without_deploy_script",
              Place.NOWHERE,
              "%s deploys with a command of its own and no workflow names deploy.sh: a plain `tb deploy` gives the sync Pipes no cutover and fails at them."
                  .formatted(String.join(", ", bare)),
              "Let it run deploy/VERSION/deploy.sh instead, if that file exists."));
    }
    return out;
  }

  private enum Generation {
    OLDEST,
    OLD,
    RELEASES,
    CURRENT,
    UNKNOWN
  }

  private static Generation generation(String version) {
    Matcher release = RELEASE.matcher(version);
    if (!release.matches()) {
      return Generation.UNKNOWN;
    }
    return switch (release.group(1)) {
      // v1 alone may be any of them; v1.1.0 itself doesn't run at all
      case "1" ->
          release.group(2) == null || release.group(2).equals("0")
              ? Generation.OLDEST
              : Generation.OLD;
      case "2" -> Generation.OLD;
      case "3" -> Generation.RELEASES;
      case "4" -> Generation.CURRENT;
      default -> Generation.UNKNOWN;
    };
  }
}
