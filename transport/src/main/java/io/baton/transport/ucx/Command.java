package io.baton.transport.ucx;

/** Something for the progress thread to do. */
interface Command {

  void execute();
}
