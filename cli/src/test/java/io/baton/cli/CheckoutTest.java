package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * When {@code bin/baton} builds: in a checkout of two sources, with a Maven that writes down that
 * it was called, and a Java that says what it was to run.
 */
class CheckoutTest {

  private static final String SOURCE = "session/src/main/java/A.java";

  private static final String MAVEN =
      """
      #!/bin/sh
      echo built >> target/log
      mkdir -p cli/target/lib && : > cli/target/lib/a.jar
      config/sources.sh begin
      : > cli/target/baton-cli.jar
      config/sources.sh end
      """;

  private static final String JAVA =
      """
      #!/bin/sh
      for argument; do case $argument in *.Main) echo runs; esac; done
      """;

  @TempDir private Path directory;
  private Path home;

  @BeforeEach
  void checkOut() throws IOException {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    home = directory.resolve("home");
    write("bin/baton", Files.readString(Baton.root().resolve("bin/baton")));
    write("config/sources.sh", Files.readString(Baton.root().resolve("config/sources.sh")));
    write(SOURCE, "class A {}");
    write("pom.xml", "<project/>");
    write("../tools/mvn", MAVEN);
    write("../jdk/release", "JAVA_VERSION=\"25.0.1\"\n");
    write("../jdk/bin/java", JAVA);
    write("../jdk/bin/javac", JAVA);
    write("../jdk/lib/modules", "");
  }

  private void write(String file, String text) throws IOException {
    Path path = home.resolve(file).normalize();
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Launched.Plan plan(Path checkout) {
    return Launched.plan()
        .of(checkout)
        .environment("JAVA_HOME", directory.resolve("jdk").toString())
        .environment("PATH", directory.resolve("tools") + ":" + System.getenv("PATH"));
  }

  private void assertRuns(Path checkout) {
    try (Launched run = plan(checkout).run("--version")) {
      run.assertStatus(ExitCode.OK);
      assertThat(run.text()).isEqualTo("runs\n");
    }
  }

  private static List<String> builds(Path checkout) throws IOException {
    return Files.readAllLines(checkout.resolve("target/log"));
  }

  private Path copied() throws IOException {
    Path copy = directory.resolve("copy");
    Files.walkFileTree(
        home,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path from, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(copy.resolve(home.relativize(from)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path from, BasicFileAttributes attributes)
              throws IOException {
            Path to = copy.resolve(home.relativize(from));
            Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
            return FileVisitResult.CONTINUE;
          }
        });
    // What is built is the oldest, as it may be after cp -r.
    FileTime late = FileTime.fromMillis(System.currentTimeMillis() + 10_000);
    Files.setLastModifiedTime(copy.resolve(SOURCE), late);
    Files.setLastModifiedTime(copy.resolve("pom.xml"), late);
    return copy;
  }

  @Test
  void sources_asTheyWereBuilt_areBuiltOnce() throws IOException {
    assertRuns(home);
    assertRuns(home);

    assertThat(builds(home)).hasSize(1);
  }

  @Test
  void sources_thatWereChangedAddedOrRemoved_areBuiltAgain() throws IOException {
    assertRuns(home);
    write(SOURCE, "class A { int a; }");
    assertRuns(home);
    assertThat(builds(home)).hasSize(2);
    write("session/src/main/java/B.java", "class B {}");
    assertRuns(home);
    assertThat(builds(home)).hasSize(3);
    Files.delete(home.resolve(SOURCE));
    assertRuns(home);
    assertThat(builds(home)).hasSize(4);
    write("session/src/test/java/ATest.java", "class ATest {}");
    assertRuns(home);
    assertThat(builds(home)).hasSize(4);
  }

  @Test
  void copy_ofTheSameSourcesAtOtherTimes_isNotBuilt() throws IOException {
    assertRuns(home);
    Path copy = copied();

    assertRuns(copy);

    assertThat(builds(copy)).hasSize(1);
  }

  @Test
  void copy_thatCannotBeWritten_runsIfItsSourcesAreThoseThatWereBuilt() throws Exception {
    assertRuns(home);
    Path copy = copied();

    try (Launched run = asNobody(plan(copy)).run("--version")) {
      run.assertStatus(ExitCode.OK);
      assertThat(run.errors()).isEmpty();
    }
    assertThat(builds(copy)).hasSize(1);
  }

  @Test
  void copy_thatCannotBeWritten_saysWhichSourceIsAnotherAndWhatStandsInTheWay() throws Exception {
    assertRuns(home);
    Path copy = copied();
    Files.writeString(copy.resolve(SOURCE), "class A { int a; }");

    try (Launched run = asNobody(plan(copy)).run("--version")) {
      run.assertFails(
          ExitCode.NOT_BUILT, SOURCE + " is not as it was built", copy + " cannot be written to");
    }
    Files.delete(copy.resolve(SOURCE));
    try (Launched run = asNobody(plan(copy)).run("--version")) {
      run.assertFails(ExitCode.NOT_BUILT, SOURCE + " was built and is gone");
    }
    Files.delete(copy.resolve("cli/target/baton-cli.jar"));
    try (Launched run = asNobody(plan(copy)).run("--version")) {
      run.assertFails(ExitCode.NOT_BUILT, "Baton has not been built", "cannot be written to");
    }
  }

  /** Whoever runs this test may write its files. */
  private static Launched.Plan asNobody(Launched.Plan plan) throws Exception {
    String[] other = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    List<String> trial = new ArrayList<>(List.of(other));
    trial.add("true");
    Process able = new ProcessBuilder(trial).start();
    assumeTrue(
        able.waitFor(10, TimeUnit.SECONDS) && able.exitValue() == 0,
        "only root can become another user");
    return plan.through(other);
  }
}
