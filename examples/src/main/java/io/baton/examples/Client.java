package io.baton.examples;

import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionListener;
import io.baton.client.session.SessionOptions;
import io.baton.proto.codec.HostPort;
import io.baton.session.model.Tensor;
import io.baton.session.route.RouteConfig;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/** Sends three steps through a chain of {@link ScalingStage}s: {@code HOST:PORT...}. */
public final class Client {

  private Client() {}

  public static void main(String[] args) throws Exception {
    List<HostPort> relays = Arrays.stream(args).map(HostPort::parse).toList();
    RouteConfig route = RouteConfig.of(ScalingStage.LAYERS, ScalingStage.ROW, 100);
    try (BatonClient client = BatonClient.create(ClientOptions.of(relays));
        InferenceSession session =
            client.openSession(
                SessionOptions.of(ScalingStage.MODEL, route), SessionListener.NONE)) {
      for (int step = 1; step <= 3; step++) {
        Tensor output = session.step(Tensor.ofFloats(new float[] {step, 0, 0, -step}, 1, 4));
        FloatBuffer numbers = output.floats();
        System.out.printf("step %d: %.0f %.0f%n", step, numbers.get(0), numbers.get(3));
      }
      System.out.printf("%d stages, %d tokens%n", session.route().size(), session.length());
    }
  }
}
