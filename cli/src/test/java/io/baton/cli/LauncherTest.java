package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What bin/baton and pom.xml must agree on. */
class LauncherTest {

  @Test
  void jvmOptions_areThoseOfTheTests_andASmallCollector() throws IOException {
    List<String> expected =
        new ArrayList<>(words(find("pom.xml", "<baton\\.jvm\\.args>([^<]*)</baton\\.jvm\\.args>")));
    expected.add("-XX:+UseSerialGC");

    assertThat(words(find("bin/baton", "(?s)\njvm_options=\\((.*?)\n\\)")))
        .containsExactlyElementsOf(expected);
  }

  private static String find(String file, String pattern) throws IOException {
    Path path = Baton.root().resolve(file);
    Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(path));
    assertThat(matcher.find()).as("%s in %s", pattern, path).isTrue();
    return matcher.group(1);
  }

  private static List<String> words(String text) {
    return List.of(text.strip().split("\\s+"));
  }
}
