package dev.backfill.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backfill.emit.Emitter;
import dev.backfill.project.Project;
import org.junit.jupiter.api.Test;

class SeamPlanTest {
  @Test
  void show() {
    var pipe =
        Projects.text(Projects.with(), "pipes/pages.pipe")
            .replace("FROM hits", "FROM hits WHERE pathname != (SELECT max(pathname) FROM hits)");
    var base = Projects.with("pipes/pages.pipe", pipe);
    var head = Projects.with("pipes/pages.pipe", pipe, "datasources/events.datasource", Projects.EVENTS.replace("_KEY \"timestamp\"", "_KEY \"action, timestamp\""));
    print(base, head);
    print(Projects.with(), Projects.edited("pipes/pages.pipe", "FROM hits", "FROM hits WHERE pathname != ''"));
  }
  private static void print(Project base, Project head) {
    var plan = Planner.plan(PlanRequest.of(base, head));
    System.out.println(plan.obstacles());
    System.out.println(plan.evidence());
    for (var f : Emitter.emit(plan, base, head)) {
      if (f.path().contains("pages") || f.path().contains("hits")) System.out.println("=== " + f.path() + "\n" + f.text().orElse(""));
      if (f.path().endsWith(".sh")) System.out.println(f.text().orElse("").lines().limit(90).toList());
    }
    assertThat(1).isEqualTo(1);
  }
}
