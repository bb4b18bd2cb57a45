package dev.backfill.demo;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/// One pull request that changes what several plays change, so one version with several migrations.
final class Together extends Play {
  private final List<Play> plays;

  Together(List<Play> plays) {
    this.plays = plays;
  }

  @Override
  String name() {
    return "together";
  }

  @Override
  long rows() {
    return 0;
  }

  @Override
  SortedMap<String, String> base() {
    return all(Play::base);
  }

  @Override
  String settings() {
    var settings =
        plays.stream().map(Play::settings).filter(s -> !s.isEmpty()).collect(Collectors.joining());
    if (settings.indexOf("datasources:") != settings.lastIndexOf("datasources:")) {
      throw new IllegalStateException("two of them have settings");
    }
    return settings;
  }

  @Override
  String change() {
    return plays.stream().map(Play::change).collect(Collectors.joining("; "));
  }

  @Override
  Map<String, String> changed(SortedMap<String, String> base) {
    return all(p -> p.changed(base));
  }

  @Override
  void seed(Stage stage, long rows) {
    plays.forEach(p -> p.seed(stage, rows));
  }

  @Override
  Figures figures(Stage stage) {
    throw new UnsupportedOperationException();
  }

  private SortedMap<String, String> all(Function<Play, Map<String, String>> files) {
    var all = new TreeMap<String, String>();
    plays.forEach(p -> all.putAll(files.apply(p)));
    return all;
  }
}
