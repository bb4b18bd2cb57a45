package dev.backfill.cli;

import java.util.List;

/// Every command there is, in the order of the story.
final class Commands {
  private Commands() {}

  static List<Object> all(Console console) {
    return List.of(
        new CheckCommand(console),
        new PlanCommand(console),
        new GenerateCommand(console),
        new RehearseCommand(console),
        new RunCommand(console),
        new VerifyCommand(console),
        new LocalCommand(console),
        new DemoCommand(console),
        new TbCommand(console));
  }
}
