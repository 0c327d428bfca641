package io.baton.cli.status;

import java.io.IOException;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** The window of the terminal that this process writes to. */
final class Window implements AutoCloseable {

  private static final Screen.Size USUAL = new Screen.Size(80, 24);

  private final Terminal terminal;

  private Window(Terminal terminal) {
    this.terminal = terminal;
  }

  static Window open() throws IOException {
    return new Window(TerminalBuilder.builder().system(true).dumb(true).build());
  }

  /** As it is now; the usual one where the terminal does not tell. */
  Screen.Size size() {
    Size size = terminal.getSize();
    return size.getColumns() < 1 || size.getRows() < 1
        ? USUAL
        : new Screen.Size(size.getColumns(), size.getRows());
  }

  @Override
  public void close() throws IOException {
    terminal.close();
  }
}
