package io.baton.cli.status;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.StatusResponse;
import java.io.PrintWriter;
import java.util.List;
import java.util.function.Consumer;

/** Where one status after the other is shown. */
sealed interface StatusView {

  void show(StatusResponse status);

  /** The relay has not told its status this time. */
  void problem(String sentence);

  /** For a person. */
  record Text(HostPort relay, Consumer<List<String>> lines) implements StatusView {

    @Override
    public void show(StatusResponse status) {
      lines.accept(StatusText.of(relay, status));
    }

    @Override
    public void problem(String sentence) {
      lines.accept(List.of("! " + Columns.printable(sentence)));
    }
  }

  /** For a program: an object a line. */
  record Json(PrintWriter out) implements StatusView {

    @Override
    public void show(StatusResponse status) {
      out.println(MessageJson.of(status));
    }

    @Override
    public void problem(String sentence) {
      out.println(JsonNodeFactory.instance.objectNode().put("error", sentence));
    }
  }
}
