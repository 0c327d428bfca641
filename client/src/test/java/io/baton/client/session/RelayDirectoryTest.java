package io.baton.client.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.proto.codec.HostPort;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.DescribeRequest;
import io.baton.proto.v1.DescribeResponse;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.VersionRange;
import io.baton.session.model.DType;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.TensorSpec;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RelayDirectoryTest {

  private static final TensorSpec ROW = TensorSpec.of(DType.F32, 1, 8);
  private static final StageInfo STAGE =
      new StageInfo("model", 2, new LayerSpan(0, 1), ROW, ROW, 100, Set.of());

  private final EventLoops loops = EventLoops.start("directory-test", 1);
  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private volatile Consumer<StreamObserver<DescribeResponse>> relay = _ -> {};
  private BoundServer server;

  @BeforeEach
  void start() throws Exception {
    server =
        Servers.start(
            loops,
            Endpoint.tcp("127.0.0.1", 0),
            ServerSettings.direct(InsecureServerCredentials.create()),
            List.of(
                new RelayGrpc.RelayImplBase() {
                  @Override
                  public void describe(
                      DescribeRequest request, StreamObserver<DescribeResponse> observer) {
                    relay.accept(observer);
                  }
                }));
  }

  @AfterEach
  void stop() throws InterruptedException {
    server.close();
    loops.close();
    timer.shutdownNow();
    assertThat(timer.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  private static DescribeResponse.Builder good() {
    return DescribeResponse.newBuilder()
        .setVersions(Versions.spoken())
        .setIdentity(IdCodec.toWire(new RelayId("r", 7)))
        .addStages(StageCodec.toWire(STAGE));
  }

  private void answers(DescribeResponse.Builder response) {
    relay =
        observer -> {
          observer.onNext(response.build());
          observer.onCompleted();
        };
  }

  private RelayDirectory directory(Duration timeout) {
    HostPort address = HostPort.parse(server.endpoint().toString());
    return new RelayDirectory(
        ClientOptions.of(List.of(address)).withDescribeTimeout(timeout),
        peer ->
            Channels.open(
                loops,
                new Endpoint.Tcp(peer),
                InsecureChannelCredentials.create(),
                KeepAlive.DEFAULT),
        timer);
  }

  private static RelayDirectory.Listing list(RelayDirectory directory) throws Exception {
    return directory.list("model").get(30, TimeUnit.SECONDS);
  }

  private void assertProblem(String text) throws Exception {
    RelayDirectory.Listing listing = list(directory(Duration.ofSeconds(20)));
    assertThat(listing.candidates()).isEmpty();
    assertThat(listing.problems())
        .singleElement()
        .asString()
        .startsWith(server.endpoint() + ": ")
        .contains(text);
  }

  @Test
  void list_relayThatServes_isACandidate() throws Exception {
    answers(good());
    RelayDirectory.Listing listing = list(directory(Duration.ofSeconds(20)));
    assertThat(listing.problems()).isEmpty();
    assertThat(listing.candidates())
        .singleElement()
        .satisfies(
            candidate -> {
              assertThat(candidate.relay()).isEqualTo(new RelayId("r", 7));
              assertThat(candidate.address()).isEqualTo(server.endpoint().toString());
              assertThat(candidate.stage()).isEqualTo(STAGE);
            });
  }

  @Test
  void list_relayOfAnotherVersion_isAProblem() throws Exception {
    answers(good().setVersions(VersionRange.newBuilder().setLowest(2).setHighest(3)));
    assertProblem("versions 2-3");
  }

  @Test
  void list_relayThatDrains_isAProblem() throws Exception {
    answers(good().setDraining(true));
    assertProblem("about to stop");
  }

  @Test
  void list_relayWithoutAnExecutor_isAProblem() throws Exception {
    answers(good().clearStages());
    assertProblem("no stage executor");
  }

  @Test
  void list_relayOfAnotherModel_isAProblem() throws Exception {
    answers(good().setStages(0, good().getStages(0).toBuilder().setModelId("other")));
    assertProblem("serves other, not model");
  }

  @Test
  void list_relayThatDescribesItselfWrongly_isAProblem() throws Exception {
    answers(good().clearIdentity());
    assertProblem("describes itself wrongly");
    answers(good().setStages(0, good().getStages(0).toBuilder().clearInputRow()));
    assertProblem("describes itself wrongly");
  }

  @Test
  void list_relayThatFails_isAProblemInItsOwnWords() throws Exception {
    relay =
        observer ->
            observer.onError(
                Status.PERMISSION_DENIED.withDescription("not you").asRuntimeException());
    assertProblem("not you");
  }

  @Test
  void list_relayThatIsSilent_costsNoMoreThanTheTimeout() throws Exception {
    RelayDirectory directory = directory(Duration.ofMillis(50));
    RelayDirectory.Listing listing = list(directory);
    assertThat(listing.problems()).singleElement().asString().contains("no answer in time");
    assertThat(listing.silent()).isEqualTo(1);
  }

  @Test
  void list_relayThatAnswersAfterTheTimeout_isAskedOnceAndACandidateThen() throws Exception {
    Queue<StreamObserver<DescribeResponse>> asked = new ConcurrentLinkedQueue<>();
    relay = asked::add;
    RelayDirectory directory = directory(Duration.ofMillis(50));
    assertThat(list(directory).silent()).isEqualTo(1);
    assertThat(list(directory).silent()).isEqualTo(1);
    await().until(() -> !asked.isEmpty());
    StreamObserver<DescribeResponse> observer = asked.remove();
    observer.onNext(good().build());
    observer.onCompleted();
    await().until(() -> list(directory).candidates().size() == 1);
    assertThat(asked).isEmpty();
  }

  @Test
  void list_relayThatFailsOnce_isAskedAgainAtOnce() throws Exception {
    AtomicInteger times = new AtomicInteger();
    relay =
        observer -> {
          if (times.getAndIncrement() == 0) {
            observer.onError(Status.UNAVAILABLE.asRuntimeException());
          } else {
            observer.onNext(good().build());
            observer.onCompleted();
          }
        };
    assertThat(list(directory(Duration.ofSeconds(20))).candidates()).hasSize(1);
  }

  @Test
  void list_byManyAtOnce_asksOnce() throws Exception {
    Queue<StreamObserver<DescribeResponse>> asked = new ConcurrentLinkedQueue<>();
    relay = asked::add;
    RelayDirectory directory = directory(Duration.ofSeconds(20));
    List<CompletableFuture<RelayDirectory.Listing>> listings = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      listings.add(directory.list("model"));
    }
    await().until(() -> !asked.isEmpty());
    StreamObserver<DescribeResponse> observer = asked.remove();
    observer.onNext(good().build());
    observer.onCompleted();
    for (CompletableFuture<RelayDirectory.Listing> listing : listings) {
      assertThat(listing.get(30, TimeUnit.SECONDS).candidates()).hasSize(1);
    }
    assertThat(asked).isEmpty();
  }
}
