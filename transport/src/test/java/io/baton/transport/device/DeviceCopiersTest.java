package io.baton.transport.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.transport.device.DeviceCopiers.Found;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DeviceCopiersTest {

  private static final Path TEMPORARY = Path.of(System.getProperty("java.io.tmpdir"));

  @Test
  void find_withAndWithoutADevice_answersAndLeavesNothing() throws IOException {
    switch (DeviceCopiers.find()) {
      case Found.Available(DeviceCopier copier) -> {
        assertThat(copier.name()).isNotBlank();
        copier.close();
      }
      case Found.Unavailable(String reason) ->
          assertThat(reason).isNotBlank().doesNotContain("\n").doesNotContain("Exception");
    }

    assertThat(Path.of(System.getProperty("java.io.tmpdir"))).isEqualTo(TEMPORARY);
    try (Stream<Path> files = Files.list(TEMPORARY)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("baton-jcuda-") || name.startsWith("libJCuda"));
    }
  }

  @Test
  void find_aDeviceThatNoMachineHas_saysSo() {
    assertThat(DeviceCopiers.find(4711))
        .isInstanceOfSatisfying(
            Found.Unavailable.class, none -> assertThat(none.reason()).isNotBlank());
  }

  @Test
  void find_withoutJCuda_saysWhatIsMissing() throws Exception {
    List<URL> others = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (!entry.contains("jcuda")) {
        others.add(Path.of(entry).toUri().toURL());
      }
    }
    try (URLClassLoader loader =
        new URLClassLoader(others.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
      Object found = loader.loadClass(DeviceCopiers.class.getName()).getMethod("find").invoke(null);
      assertThat(found)
          .hasToString(
              "Unavailable[reason=JCuda is not on the class path: add org.jcuda:jcuda and its"
                  + " natives]");
    }
  }

  @Test
  void slice_staysWithinTheBuffer() {
    DeviceBuffer buffer = new DeviceBuffer(1000, 100, 2);

    assertThat(buffer.slice(10, 90)).isEqualTo(new DeviceBuffer(1010, 90, 2));
    org.assertj.core.api.Assertions.assertThatIndexOutOfBoundsException()
        .isThrownBy(() -> buffer.slice(10, 91));
  }
}
