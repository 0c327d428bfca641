package io.baton.proto.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.baton.proto.v1.Chunking;
import io.baton.proto.v1.Content;
import io.baton.proto.v1.DType;
import io.baton.proto.v1.Destination;
import io.baton.proto.v1.Farewell;
import io.baton.proto.v1.Member;
import io.baton.proto.v1.Ping;
import io.baton.proto.v1.Pong;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessHello;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.Receive;
import io.baton.proto.v1.Received;
import io.baton.proto.v1.Send;
import io.baton.proto.v1.SlotHandle;
import io.baton.proto.v1.TensorSpec;
import io.baton.proto.v1.VersionRange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The frames that are written down for whoever speaks the protocol in another language. */
class ProtocolVectorsTest {

  private static final Path PROTOCOL = Path.of("../docs/protocol.md");
  private static final String TABLE = "| frame | bytes in hexadecimal |";
  private static final Pattern FRAME = Pattern.compile("`([0-9a-f]{8} [0-9a-f ]+)`");

  private static final Content FOUR_BYTES =
      Content.newBuilder()
          .setTensor(TensorSpec.newBuilder().setDtype(DType.DTYPE_U8).addShape(4))
          .setBytes(4)
          .build();

  /** What the table says, in its order. */
  private static final List<Message> FRAMES =
      List.of(
          ProcessFrame.newBuilder()
              .setHello(
                  ProcessHello.newBuilder()
                      .setVersions(VersionRange.newBuilder().setLowest(1).setHighest(1))
                      .setName("encoder"))
              .build(),
          ProcessFrame.newBuilder()
              .setReceive(
                  Receive.newBuilder()
                      .setRequest(7)
                      .setRegistration(2)
                      .setDataId("d")
                      .setIndex(0)
                      .setTimeoutNanos(TimeUnit.SECONDS.toNanos(1)))
              .build(),
          ProcessReply.newBuilder()
              .setReceived(
                  Received.newBuilder()
                      .setRequest(7)
                      .setContent(FOUR_BYTES)
                      .setSlot(SlotHandle.newBuilder().setPool(1).setOffset(128).setGeneration(5))
                      .setCount(1))
              .build(),
          ProcessFrame.newBuilder()
              .setSend(
                  Send.newBuilder()
                      .setRequest(8)
                      .setRegistration(1)
                      .setChunk(
                          Chunking.newBuilder()
                              .setDataId("d")
                              .setCount(1)
                              .setContent(FOUR_BYTES)
                              .addDestinations(
                                  Destination.newBuilder()
                                      .setGroup("g")
                                      .addMembers(Member.getDefaultInstance())))
                      .setInline(ByteString.copyFrom(new byte[] {1, 2, 3, 4}))
                      .setTimeoutNanos(TimeUnit.SECONDS.toNanos(1)))
              .build(),
          ProcessFrame.newBuilder().setFarewell(Farewell.getDefaultInstance()).build(),
          ProcessFrame.newBuilder().setPing(Ping.getDefaultInstance()).build(),
          ProcessFrame.newBuilder().setPong(Pong.getDefaultInstance()).build());

  @Test
  void frames_areWhatTheTableSaysTheyAre() throws Exception {
    List<byte[]> written = frames();
    assertThat(written).hasSameSizeAs(FRAMES);
    for (int i = 0; i < written.size(); i++) {
      assertThat(parsed(written.get(i), FRAMES.get(i).getParserForType())).isEqualTo(FRAMES.get(i));
    }
  }

  /** What either end may say is the same of both. */
  @Test
  void frames_ofEitherEnd_areTheSameOfTheRelay() throws Exception {
    List<byte[]> written = frames();
    List<ProcessReply.FrameCase> kinds = new ArrayList<>();
    for (byte[] frame : written.subList(written.size() - 3, written.size())) {
      kinds.add(parsed(frame, ProcessReply.parser()).getFrameCase());
    }
    assertThat(kinds)
        .containsExactly(
            ProcessReply.FrameCase.FAREWELL,
            ProcessReply.FrameCase.PING,
            ProcessReply.FrameCase.PONG);
  }

  /** Four bytes of length, and as many of a message that is written so and not otherwise. */
  private static <M extends Message> M parsed(byte[] frame, Parser<M> parser) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    int length = bytes.getInt();
    assertThat(length).as("length of %s", hex(frame)).isEqualTo(bytes.remaining());
    byte[] message = new byte[length];
    bytes.get(message);
    M parsed = parser.parseFrom(message);
    assertThat(hex(parsed.toByteArray())).isEqualTo(hex(message));
    return parsed;
  }

  private static List<byte[]> frames() throws IOException {
    List<byte[]> frames = new ArrayList<>();
    List<String> lines = Files.readAllLines(PROTOCOL);
    int row = lines.indexOf(TABLE) + 2;
    assertThat(row).as("the table in %s", PROTOCOL).isGreaterThan(1);
    for (; lines.get(row).startsWith("|"); row++) {
      Matcher frame = FRAME.matcher(lines.get(row));
      while (frame.find()) {
        frames.add(HexFormat.of().parseHex(frame.group(1).replace(" ", "")));
      }
    }
    return frames;
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
