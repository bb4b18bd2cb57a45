package dev.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/// Every way to lose or double a row that we know of is a test, and the page says which.
class HazardsPageTest {
  private static final Path PAGE = Path.of("src/site/markdown/reference/hazards.md");
  private static final Pattern LINE = Pattern.compile("\\| *(\\d+) \\| [^|]+ \\| ([^|]+) \\|");
  private static final Pattern HELD = Pattern.compile("`([a-zA-Z.]+)#(\\w+)`");
  private static final List<Class<? extends Annotation>> TESTS =
      List.of(Test.class, ParameterizedTest.class);

  @Test
  void everyHazardNamesTestsThatExist() throws Exception {
    var numbers = new ArrayList<Integer>();
    for (var line : lines()) {
      var matcher = LINE.matcher(line);
      assertThat(matcher.matches()).as(line).isTrue();
      numbers.add(Integer.parseInt(matcher.group(1)));
      var held = HELD.matcher(matcher.group(2)).results().toList();
      assertThat(held).as(line).isNotEmpty();
      for (var test : held) {
        var methods = Class.forName("dev.backfill." + test.group(1)).getDeclaredMethods();
        assertThat(Arrays.stream(methods))
            .as(test.group())
            .anyMatch(m ->
                m.getName().equals(test.group(2))
                    && TESTS.stream().anyMatch(m::isAnnotationPresent));
      }
    }
    assertThat(numbers).isEqualTo(IntStream.rangeClosed(1, 40).boxed().toList());
  }

  private static List<String> lines() throws IOException {
    return Files.readAllLines(PAGE).stream().filter(l -> l.matches("\\| *\\d.*")).toList();
  }
}
