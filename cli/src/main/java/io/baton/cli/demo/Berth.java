package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.StageShare;
import io.baton.proto.codec.HostPort;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelException;
import java.io.IOException;

/** A relay's place on this machine: whoever starts there anew has the same name and address. */
final class Berth implements AutoCloseable {

  /** Starts one stage; it need not be ready yet. */
  @FunctionalInterface
  interface Launcher {
    RunningStage launch(String name, ModelDirectory model, StageShare share, HostPort listen)
        throws CommandException, ModelException, IOException;
  }

  private static final HostPort ANYWHERE = new HostPort("127.0.0.1", 0);

  private final Launcher launcher;
  private final String name;
  private final ModelDirectory model;
  private final StageShare share;
  private volatile RunningStage stage;

  private Berth(Launcher launcher, String name, ModelDirectory model, StageShare share)
      throws CommandException, ModelException, IOException {
    this.launcher = launcher;
    this.name = name;
    this.model = model;
    this.share = share;
    this.stage = launcher.launch(name, model, share, ANYWHERE);
  }

  /** Starts a stage there, without waiting for it. */
  static Berth occupied(Launcher launcher, String name, ModelDirectory model, StageShare share)
      throws CommandException, ModelException, IOException {
    return new Berth(launcher, name, model, share);
  }

  String name() {
    return name;
  }

  /** Waits until the stage can be reached, and says where. */
  HostPort awaitReady() throws CommandException, InterruptedException {
    return stage.awaitReady();
  }

  /** Ends the stage as a failure would. */
  void kill() {
    stage.kill();
  }

  /** Clears away the stage that was killed, and starts another at its address. */
  void restart() throws CommandException, ModelException, IOException, InterruptedException {
    HostPort address = stage.awaitReady();
    stage.close();
    stage = launcher.launch(name, model, share, address);
    stage.awaitReady();
  }

  /** This process is told to end: nothing of the stage may outlive it. */
  void abandon() {
    stage.abandon();
  }

  /** Asks the stage to stop, and does not wait. */
  void stop() {
    stage.stop();
  }

  @Override
  public void close() {
    stage.close();
  }
}
