package dev.backfill.project;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.problem.Problem;
import dev.backfill.problem.Severity;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CiTemplateTest {
  private static final String FILE = ".github/workflows/tinybird_ci.yml";

  @ParameterizedTest
  @CsvSource({
    "v4.1.0,,",
    "v4.0.0,,",
    "4.0.1,,",
    "v4,,",
    "v3.1.0, ci_template_old,",
    "v3.0.0, ci_template_old,",
    "v2.5.1, ci_template_old, 'cd-deploy.sh,ci-deploy.sh'",
    "v2.1.0, ci_template_old, 'cd-deploy.sh,ci-deploy.sh'",
    "v1.1.8, ci_template_old, 'cd-deploy.sh,ci-deploy.sh'",
    "v1.0.3, ci_template_unsupported,",
    "v1, ci_template_unsupported,",
    "main, ci_template_unknown,",
    "v5.0.0, ci_template_unknown,",
    "8f4e1d0a9c, ci_template_unknown,",
  })
  void eachVersionIsServedOrSaid(String version, String code, String scripts) {
    for (var caller :
        new String[] {
          "jobs:\n  ci:\n    uses: tinybirdco/ci/.github/workflows/ci.yml@%s\n    with:\n      data_project_dir: .\n",
          "include: \"https://raw.githubusercontent.com/tinybirdco/ci/%s/.gitlab/ci_cd.yaml\"\n"
        }) {
      var ci = CiTemplate.of(Map.of(FILE, caller.formatted(version)), ".");

      assertThat(String.join(",", ci.scripts())).isEqualTo(scripts == null ? "" : scripts);
      assertThat(ci.problems().stream().map(Problem::code))
          .as(caller)
          .isEqualTo(code == null ? java.util.List.of() : java.util.List.of(code));
      assertThat(ci.problems())
          .allSatisfy(p ->
              assertThat(p.severity())
                  .isEqualTo(
                      p.code().equals("ci_template_unsupported")
                          ? Severity.ERROR
                          : Severity.WARNING));
    }
  }

  @Test
  void bothCallersCount() {
    var ci =
        CiTemplate.of(
            Map.of(
                FILE,
                "uses: tinybirdco/ci/.github/workflows/ci.yml@v4.1.0",
                ".github/workflows/tinybird_cd.yml",
                "uses: 'tinybirdco/ci/.github/workflows/cd.yml@v2.4.0' # soon v4"),
            ".");

    assertThat(ci.versions().keySet()).containsExactly("v2.4.0", "v4.1.0");
    assertThat(ci.scripts()).contains("cd-deploy.sh");
  }

  @Test
  void aCallerOfAnotherProjectOrInACommentIsNotThisOnes() {
    var other =
        "uses: tinybirdco/ci/.github/workflows/ci.yml@v1.0.1\nwith:\n  data_project_dir: ./other/\n";
    var comment = "# uses: tinybirdco/ci/.github/workflows/ci.yml@v1.0.1\n";

    var ci = CiTemplate.of(Map.of(FILE, other, ".gitlab-ci.yml", comment), "shop");

    assertThat(ci.versions()).isEmpty();
    assertThat(ci.problems()).isEmpty();
    assertThat(CiTemplate.of(Map.of(FILE, other), "other").versions()).containsKey("v1.0.1");
  }

  @ParameterizedTest
  @CsvSource({
    "run: tb deploy --yes, true",
    "run: tb --host x deploy, true",
    "run: tb push --push-deps, true",
    "run: ./deploy/$VERSION/deploy.sh || tb deploy, false",
    "run: tb branch ls, false",
    "run: kubectl deploy, false",
    "# tb deploy, false",
  })
  void aWorkflowOfOnesOwnHasToRunTheScript(String line, boolean said) {
    var ci = CiTemplate.of(Map.of(".github/workflows/own.yml", "steps:\n  - " + line + "\n"), ".");

    assertThat(ci.problems().stream().map(Problem::code).toList())
        .isEqualTo(
            said ? java.util.List.of("ci_without_deploy_script") : java.util.List.<String>of());
  }

  @Test
  void nothingIsSaidWhereNothingIsKnown() {
    assertThat(CiTemplate.of(Map.of(), ".").problems()).isEmpty();
    assertThat(CiTemplate.of(Map.of(), ".").scripts()).isEmpty();
  }
}
