package dev.backfill.cli;

import java.util.ArrayList;
import java.util.List;

/// Every command there is, in the order of the story.
final class Commands {
  private Commands() {}

  static List<Object> all(Console console) {
    var all = new ArrayList<Object>();
    all.add(new CheckCommand(console));
    all.add(new PlanCommand(console));
    all.add(new GenerateCommand(console));
    all.add(new RehearseCommand(console));
    all.add(new RunCommand(console));
    all.add(new VerifyCommand(console));
    all.add(new StatusCommand(console));
    all.add(new CleanupCommand(console));
    all.add(new ActionCommand(console));
    if (workbench()) {
      all.add(new LocalCommand(console));
      all.add(new DemoCommand(console));
      all.add(new TbCommand(console));
    }
    return all;
  }

  /// The action's image leaves the embedded workspace, and what only works with it, out.
  private static boolean workbench() {
    return Commands.class.getResource("LocalCommand.class") != null;
  }
}
