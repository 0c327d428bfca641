package io.baton.benchmarks;

/**
 * One of two processes that measure a way to move messages. Both are told the same workload, one to
 * send and one to receive, and each returns when it is done.
 */
interface Node extends AutoCloseable {

  /** Where the other finds this one. */
  byte[] address();

  void connect(byte[] remote);

  /** Sends all messages and waits for the receiver's word that it has them. */
  void send(Workload workload);

  /**
   * Takes all messages, then says so.
   *
   * @param ready run when the other may begin
   */
  void receive(Workload workload, Runnable ready);

  /** Sends one message at a time and waits for its answer; nanoseconds of each. */
  long[] ping(Workload workload);

  /**
   * Answers all messages.
   *
   * @param ready run when the other may begin
   */
  void pong(Workload workload, Runnable ready);

  @Override
  void close();
}
