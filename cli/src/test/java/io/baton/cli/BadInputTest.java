package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One sentence, a documented status, and nothing left running. */
@ExtendWith(Leftovers.class)
class BadInputTest {

  private static final String MODEL = Baton.model().toString();

  @Test
  void noCommand() {
    Baton.run().assertFails(ExitCode.USAGE, "name a command: demo, serve");
  }

  @Test
  void unknownCommand() {
    Baton.run("dmeo").assertFails(ExitCode.USAGE, "dmeo", "demo, serve");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--bogus; Unknown option: '--bogus'",
        "extra; 'extra'",
        "--stages=0; --stages takes a number from 1 up, not 0",
        "--stages=-1; --stages",
        "--stages=x; 'x' is not an int",
        "--stages=3; its 8 layers do not divide into 3 equal stages",
        "--stages=16; do not divide into 16",
        "--max-tokens=0; --max-tokens",
        "--rounds=0; --rounds",
        "--kill=2; --kill takes STAGE@TOKEN, as in 2@40, or none, not '2'",
        "--kill=2@; not '2@'",
        "--kill=@4; not '@4'",
        "--kill=2@-1; not '2@-1'",
        "--kill=0@1; there are stages 1 to 4",
        "--kill=5@1; there are stages 1 to 4",
        "--kill=99999@1; not '99999@1'",
        "--kill=; not ''",
        "--kill=none --kill=1@1; none goes with no other",
        "--hop-latency=25; is not a time such as 25ms",
        "--hop-latency=-1ms; is not a time",
        "--hop-latency=2s; --hop-latency takes a time from 0 to 1s",
        "--failure-rate=x; 'x' is not a double",
        "--failure-rate=1; --failure-rate takes a probability from 0 to below 1, not 1.0",
        "--failure-rate=0.1 --kill=1@1; --failure-rate and --kill do not go together",
        "--failure-rate=0.5; add --standby, or take fewer tokens"
      })
  void demo_wrongOption(String options, String says) {
    Baton.demo(options.split(" ")).assertFails(ExitCode.USAGE, says);
  }

  @ParameterizedTest
  @CsvSource({"''", "' '", "'\n'"})
  void demo_emptyPrompt(String prompt) {
    Baton.demo("--prompt", prompt).assertFails(ExitCode.INPUT, "the prompt is empty");
  }

  @Test
  void demo_promptBeyondTheMaximum() {
    Baton.demo("--prompt", "a".repeat(1100))
        .assertFails(ExitCode.INPUT, "the prompt has 1", "tokens, and the model holds at most 1");
  }

  @Test
  void demo_unknownModel(@TempDir Path empty) {
    Baton.run("demo", "--model", "/no/such").assertFails(ExitCode.MODEL, "/no/such", "no such");
    Baton.run("demo", "--model", empty.toString()).assertFails(ExitCode.MODEL, "config.json");
  }

  @Test
  void demo_modelIsAFile() {
    Baton.run("demo", "--model", Baton.model().resolve("config.json").toString())
        .assertFails(ExitCode.MODEL, "is not a directory");
  }

  @Test
  void eachCommand_damagedWeights(@TempDir Path copy) throws IOException {
    copyModel(copy);
    try (RandomAccessFile weights =
        new RandomAccessFile(copy.resolve("model.safetensors").toFile(), "rw")) {
      weights.setLength(weights.length() / 2);
    }
    String model = copy.toString();

    Baton.run("demo", "--model", model).assertFails(ExitCode.MODEL, "model.safetensors");
    Baton.run("serve", "--model", model, "--stage=1/2", "--listen=127.0.0.1:0")
        .assertFails(ExitCode.MODEL, "model.safetensors");
    Baton.run("stage", "--model", model, "--stage=1/2", "--relay=" + copy.resolve("s"))
        .assertFails(ExitCode.MODEL, "model.safetensors");
    Baton.run("generate", "--model", model, "--peers=127.0.0.1:1", "x")
        .assertFails(ExitCode.MODEL, "model.safetensors");
  }

  @Test
  void demo_damagedHeader(@TempDir Path copy) throws IOException {
    copyModel(copy);
    try (RandomAccessFile weights =
        new RandomAccessFile(copy.resolve("model.safetensors").toFile(), "rw")) {
      weights.writeLong(-1);
    }

    Baton.run("demo", "--model", copy.toString()).assertFails(ExitCode.MODEL, "model.safetensors");
  }

  private static void copyModel(Path target) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Baton.model())) {
      for (Path file : files) {
        Files.copy(file, target.resolve(file.getFileName().toString()));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "serve; Missing required option",
        "serve --model=M --stage=5/4 --listen=127.0.0.1:0; '5/4' is not I/N",
        "serve --model=M --stage=1/3 --listen=127.0.0.1:0; do not divide into 3",
        "serve --model=M --stage=1/2 --listen=here; HOST:PORT",
        "serve --model=M --stage=1/2 --listen=0.0.0.0:0; --insecure",
        "serve --model=M --stage=1/2 --listen=127.0.0.1:0 --sessions=0; --sessions",
        "relay --listen=127.0.0.1:0; --socket",
        "relay --listen=0.0.0.0:0 --socket=/tmp/never; --insecure",
        "relay --listen=127.0.0.1:0 --socket=/tmp/never --pool-size=64M; '64M' is not a size such"
            + " as 64MiB",
        "relay --listen=127.0.0.1:0 --socket=/tmp/never --pool-size=99999999TiB; is not a size",
        "relay --listen=127.0.0.1:0 --socket=/tmp/never --pool-size=1KiB; --pool-size takes a size"
            + " from 4 KiB up, not 1 KiB",
        "relay --listen=127.0.0.1:0 --socket=/tmp/never --lanes=local,rdma; 'rdma' is no lane:"
            + " there are local, ucx and grpc",
        "relay --listen=127.0.0.1:0 --socket=/tmp/never --lanes=grpc,local,grpc; --lanes names grpc"
            + " twice",
        "relay --listen=127.0.0.1:0 --socket=/tmp/never --lanes=; '' is no lane",
        "relay --listen=127.0.0.1:0 --socket=/tmp/never --push-share=50; '50' is not a share such"
            + " as 50% or 0.5",
        "serve --model=M --stage=1/2 --listen=127.0.0.1:0 --push-share=101%; '101%' is not a share",
        "stage --model=M --stage=1/2; --relay",
        "stage --model=M --stage=1/2 --relay=/tmp/never --sessions=0; --sessions",
        "generate --model=M x; --peers",
        "generate --model=M --peers=127.0.0.1:1; PROMPT",
        "generate --model=M --peers= x; HOST:PORT",
        "generate --model=M --peers=127.0.0.1:0 x; port 0",
        "generate --model=M --peers=127.0.0.1:1 --max-tokens=0 x; --max-tokens",
        "status; PEER",
        "status here; HOST:PORT",
        "status 127.0.0.1:0; nobody is at port 0",
        "status 127.0.0.1:1 --watch=often; 'often' is not a time such as 25ms",
        "status 127.0.0.1:1 --watch=10ms; --watch takes a time from 100ms up, not 10ms",
        "status 127.0.0.1:1 127.0.0.1:2; '127.0.0.1:2'"
      })
  void others_wrongOption(String command, String says) {
    Baton.run(command.replace("=M", "=" + MODEL).split(" ")).assertFails(ExitCode.USAGE, says);
  }

  @Test
  void generate_promptThatCannotBe() {
    Baton.run("generate", "--model", MODEL, "--peers=127.0.0.1:1", "")
        .assertFails(ExitCode.INPUT, "the prompt is empty");
    Baton.run("generate", "--model", MODEL, "--peers=127.0.0.1:1", "a".repeat(1100))
        .assertFails(ExitCode.INPUT, "holds at most");
  }

  @Test
  void serveAndRelay_portInUse(@TempDir Path directory) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      Path socket = directory.resolve("s");

      Baton.run("serve", "--model", MODEL, "--stage=1/8", "--listen", address)
          .assertFails(ExitCode.CANNOT_LISTEN, address + " is in use");
      Baton.run("relay", "--listen", address, "--socket", socket.toString())
          .assertFails(ExitCode.CANNOT_LISTEN, address + " is in use");
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void relay_socketWhereNoneCanBe(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "not a socket");

    Baton.run("relay", "--listen=127.0.0.1:0", "--socket", file.toString())
        .assertFails(ExitCode.CANNOT_LISTEN, "exists and is no socket");
    Baton.run("relay", "--listen=127.0.0.1:0", "--socket", directory.resolve("no/s").toString())
        .assertFails(ExitCode.CANNOT_LISTEN, "no/s");
    assertThat(file).hasContent("not a socket");
  }

  @Test
  void relay_poolLargerThanTheMachine(@TempDir Path directory) {
    Path socket = directory.resolve("s");

    Baton.run("relay", "--listen=127.0.0.1:0", "--socket", socket.toString(), "--pool-size=9TiB")
        .assertFails(ExitCode.RESOURCES, "9 TiB", "a smaller --pool-size");
    assertThat(socket).doesNotExist();
  }

  @Test
  void debug_printsTheStack() {
    Baton run = Baton.run("demo", "--debug", "--model=/no/such").assertStatus(ExitCode.MODEL);

    assertThat(run.err()).startsWith("baton: /no/such").contains("\tat io.baton.");
  }
}
