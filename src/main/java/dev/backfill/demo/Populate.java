package dev.backfill.demo;

/// The specification's scenario 4, first strategy: the source rests while `deploy.sh` populates the
/// new version, and afterwards it is looked whether everything came, once.
final class Populate extends Delta {

  @Override
  String name() {
    return "populate";
  }

  @Override
  String settings() {
    return "datasources:\n  clicks:\n    scenario: populate\n";
  }

  @Override
  void begin(Stage stage) {
    stage.step("Nobody writes while CD deploys");
  }

  @Override
  void deployed(Stage stage) {
    super.begin(stage);
  }

  @Override
  void run(Stage stage) {
    stage.step(
        "backfill run looks that the view is still linked and nothing is there twice, adds what is missing, and proves it");
    stage.run();
  }
}
