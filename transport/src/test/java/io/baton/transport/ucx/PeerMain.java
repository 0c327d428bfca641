package io.baton.transport.ucx;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/**
 * An engine in a process of its own. Prints its address, then takes what arrives; with an address
 * as its second argument it also sends bodies of the third argument's size there, without end.
 */
final class PeerMain {

  private PeerMain() {}

  public static void main(String[] arguments) throws Exception {
    RecordingReceiver receiver = new RecordingReceiver();
    UcxEngine engine = UcxEngine.start(Ucx.config("peer", arguments[0]), receiver);
    System.out.println(HexFormat.of().formatHex(engine.address()));
    if (arguments.length > 1) {
      sendForEver(engine, HexFormat.of().parseHex(arguments[1]), Long.parseLong(arguments[2]));
    }
    // The end of the input is the end of the parent.
    while (System.in.read() >= 0) {
      receiver.received.clear();
    }
  }

  private static void sendForEver(UcxEngine engine, byte[] address, long bytes)
      throws UcxConnectException {
    MemorySegment body = Arena.global().allocate(bytes);
    UcxConnection connection = engine.connect(address, Ucx.HERE, failure -> {});
    for (int i = 0; i < 8; i++) {
      sendAgain(connection, body);
    }
  }

  private static void sendAgain(UcxConnection connection, MemorySegment body) {
    connection.send(
        Ucx.header(0),
        body,
        new Completion() {
          @Override
          public void succeeded() {
            sendAgain(connection, body);
          }

          @Override
          public void failed(UcxFailure failure) {}
        });
  }
}
