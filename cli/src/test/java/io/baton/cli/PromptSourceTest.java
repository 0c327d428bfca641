package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where prompts come from. */
@ExtendWith(Leftovers.class)
class PromptSourceTest {

  private static final String MODEL = Baton.model().toString();

  @TempDir private Path directory;

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("prompt.txt"), text);
  }

  private static Baton demo(String... arguments) {
    String[] all = new String[arguments.length + 3];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--stages=1";
    all[arguments.length + 1] = "--kill=none";
    all[arguments.length + 2] = "--max-tokens=1";
    return Baton.demo(all);
  }

  private static void assertPrompt(Baton demo, String prompt) {
    assertThat(demo.assertStatus(ExitCode.OK).json().get("text").asText()).startsWith(prompt);
  }

  /** A prompt of {@code generate} that has been understood, and is then too long. */
  private static void assertGenerates(String... prompt) {
    String[] all = prompt.clone();
    all[all.length - 1] += "a".repeat(1100);
    generate(all).assertFails(ExitCode.INPUT, "the prompt has 11", "tokens");
  }

  private static Baton generate(String... prompt) {
    String[] all = new String[prompt.length + 3];
    System.arraycopy(prompt, 0, all, 3, prompt.length);
    all[0] = "generate";
    all[1] = "--model=" + MODEL;
    all[2] = "--peers=127.0.0.1:1";
    return Baton.run(all);
  }

  private static String read(@Nullable String text, @Nullable String file) throws CommandException {
    return PromptSource.of(text, file).text();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "a;a",
        "a\\n;a",
        "a\\n\\n;a\\n",
        "a\\r\\n;a",
        "a\\r;a\\r",
        "\\n;''",
        "\ufeffa\\n;a",
        "  a \\n;  a ",
        "Grüße 🏃\\n;Grüße 🏃",
        "@a\\n;@a",
        "-;-",
      })
  void file_withoutTheEndOfItsLastLine(String text, String prompt) throws Exception {
    Path file = file(text.translateEscapes());
    assertThat(read(null, file.toString())).isEqualTo(prompt.translateEscapes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"@notes", "@@x", "- milk", "-5 degrees", "--- x", "-milk and bread", "-"})
  void text_ofAnOption_asItIs(String text) {
    if (!text.equals("-")) {
      assertPrompt(demo("--prompt", text), text + "\n");
      assertGenerates(text);
    }
    assertGenerates("--", text.equals("-") ? "-x" : text);
  }

  @Test
  void text_thatBeginsLikeAnOption_goesAfterTwoDashes() {
    generate("--max-tokns=5")
        .assertFails(ExitCode.USAGE, "Unknown option: '--max-tokns=5'; a text");
    generate("-x", "y").assertFails(ExitCode.USAGE, "Unknown option: '-x'");
    generate("x", "y").assertFails(ExitCode.USAGE, "there are two: 'x' and 'y'");
    assertGenerates("--", "--max-tokns=5");
  }

  @Test
  void text_andFile_doNotGoTogether() throws IOException {
    String file = "--prompt-file=" + file("a");
    generate(file, "b").assertFails(ExitCode.USAGE, "do not go together");
    demo(file, "--prompt=b").assertFails(ExitCode.USAGE, "do not go together");
    generate().assertFails(ExitCode.USAGE, "there is no PROMPT, and no --prompt-file");
  }

  @Test
  void standardInput_ofEither() throws Exception {
    InputStream before = System.in;
    try {
      System.setIn(new ByteArrayInputStream("Añn,🏃\n".getBytes(StandardCharsets.UTF_8)));
      assertPrompt(demo("--prompt=-"), "Añn,🏃\n");
      System.setIn(new ByteArrayInputStream("Añn,🏃\n".getBytes(StandardCharsets.UTF_8)));
      assertPrompt(demo("--prompt-file=-"), "Añn,🏃\n");
      System.setIn(new ByteArrayInputStream(new byte[] {'a', (byte) 0xff}));
      generate("-").assertFails(ExitCode.USAGE, "standard input is not UTF-8", "offset 1");
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void file_thatCannotBeRead_named() throws IOException {
    generate("--prompt-file=/no/such")
        .assertFails(ExitCode.USAGE, "/no/such cannot be read: there");
    generate("--prompt-file=" + directory).assertFails(ExitCode.USAGE, "it is a directory");
    generate("--prompt-file=").assertFails(ExitCode.USAGE, "--prompt-file");
    generate("--prompt-file=" + file("")).assertFails(ExitCode.INPUT, "the prompt is empty");
    generate("--prompt-file=/proc/self/mem").assertFails(ExitCode.USAGE, "cannot be read");
  }

  @ParameterizedTest
  @CsvSource({"61ff,0xff,1", "c3,0xc3,0", "61eda080,0xed,1", "f0908f,0xf0,0", "80,0x80,0"})
  void file_thatIsNoUtf8_namedWithTheOffset(String bytes, String named, int offset)
      throws IOException {
    Path file = directory.resolve("latin.txt");
    Files.write(file, java.util.HexFormat.of().parseHex(bytes));
    generate("--prompt-file=" + file)
        .assertFails(
            ExitCode.USAGE, file + " is not UTF-8: byte %s at offset %d".formatted(named, offset));
  }

  @Test
  void file_beyondAllBounds_refused() throws Exception {
    generate("--prompt-file=/dev/zero").assertFails(ExitCode.INPUT, "/dev/zero", "4 MiB");
    byte[] most = "a".repeat(PromptSource.MOST_BYTES).getBytes(StandardCharsets.UTF_8);
    Path file = Files.write(directory.resolve("long.txt"), most);
    assertThat(read(null, file.toString())).hasSize(PromptSource.MOST_BYTES);
  }

  @Test
  void file_longerThanAnArgumentMayBe_isCounted() throws IOException {
    generate("--prompt-file=" + file("Ana ".repeat(50_000)))
        .assertFails(ExitCode.INPUT, "the prompt has 200", "tokens, and the model holds at most");
  }

  @Test
  void file_thatIsAPipe_isReadToItsEnd() throws Exception {
    Path pipe = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Process writer =
        new ProcessBuilder(
                "bash", "-c", "{ printf 'Relay: Bo,'; printf ' Cy.\\n'; } > '%s'".formatted(pipe))
            .start();
    assertPrompt(demo("--prompt-file=" + pipe), "Relay: Bo, Cy.\n");
    assertThat(writer.waitFor()).isZero();
  }

  @Test
  void none_isAsked_whoHasNotGivenOne() {
    assertThatExceptionOfType(CommandException.class).isThrownBy(() -> read("a", "b"));
    assertPrompt(demo(), "Relay: Ana, Ben, Chi, Dov, Eli.\n");
  }
}
