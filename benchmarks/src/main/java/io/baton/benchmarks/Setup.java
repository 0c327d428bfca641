package io.baton.benchmarks;

import java.util.List;

/**
 * What a node is told of UCX.
 *
 * @param transports as UCX names them
 * @param rendezvousBytes from which size on UCX sends bodies on request; 0 leaves that to the node
 * @param spinMicros how long an engine looks for work before it sleeps
 */
record Setup(String transports, long rendezvousBytes, int spinMicros) {

  static Setup over(String transports) {
    return new Setup(transports, 0, 0);
  }

  Setup eager() {
    return new Setup(transports, Long.MAX_VALUE, spinMicros);
  }

  Setup spinning(int micros) {
    return new Setup(transports, rendezvousBytes, micros);
  }

  List<String> toArguments() {
    return List.of(transports, Long.toString(rendezvousBytes), Integer.toString(spinMicros));
  }

  static Setup ofArguments(List<String> arguments) {
    return new Setup(
        arguments.get(0), Long.parseLong(arguments.get(1)), Integer.parseInt(arguments.get(2)));
  }
}
