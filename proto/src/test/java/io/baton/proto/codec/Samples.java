package io.baton.proto.codec;

import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Member;
import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.LayerSpan;
import io.baton.session.model.Peer;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.Source;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.TensorSpec;
import io.baton.session.model.Ticket;
import io.baton.session.stage.StageEffect;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Valid values drawn from a seed. */
final class Samples {

  private static final List<String> NAMES =
      List.of("mask", "beam_order", "größe", "\uFF5E wide", "\uD83D\uDE00", "a b");

  private final Random random;

  Samples(long seed) {
    this.random = new Random(seed);
  }

  TensorSpec spec() {
    DType[] types = DType.values();
    int rank = random.nextInt(TensorSpec.MAX_RANK + 1);
    return TensorSpec.of(
        types[random.nextInt(types.length)],
        IntStream.range(0, rank).map(i -> random.nextInt(5)).toArray());
  }

  Digest digest() {
    Digest.Algorithm[] algorithms = Digest.Algorithm.values();
    Digest.Algorithm algorithm = algorithms[random.nextInt(algorithms.length)];
    return new Digest(algorithm, bytes(algorithm.bytes()));
  }

  SessionId session() {
    return new SessionId(random.nextLong(), random.nextLong());
  }

  RelayId relay() {
    return new RelayId(name(), random.nextLong());
  }

  Ticket ticket() {
    return new Ticket(bytes(1 + random.nextInt(Ticket.MAX_BYTES)));
  }

  Peer peer() {
    List<String> hosts = List.of("relay-1.example", "10.0.0.7", "[fe80::1%eth0]", "[::1]");
    String address = hosts.get(random.nextInt(hosts.size())) + ":" + (1 + random.nextInt(65535));
    return new Peer(relay(), address, ticket());
  }

  Peer peerWithStandby() {
    return peer().withStandby(peer());
  }

  StageEffect.Absorbed absorbed() {
    Source[] sources = Source.values();
    return new StageEffect.Absorbed(
        step(), sources[random.nextInt(sources.length)], digest(), random.nextInt(1 << 20));
  }

  List<Peer> peers() {
    List<Peer> peers = new ArrayList<>();
    for (int n = random.nextInt(4); n > 0; n--) {
      peers.add(random.nextBoolean() ? peer() : peerWithStandby());
    }
    return peers;
  }

  Step step() {
    return new Step(
        new StepId(nonNegative(), nonNegative()), random.nextInt(1 << 20), random.nextInt(300));
  }

  LayerSpan span() {
    int first = random.nextInt(80);
    return new LayerSpan(first, first + 1 + random.nextInt(20));
  }

  StageInfo stage() {
    LayerSpan span = span();
    return new StageInfo(
        name(),
        span.end() + random.nextInt(3),
        span,
        TensorSpec.of(DType.F32, 1, random.nextInt(4096)),
        TensorSpec.of(DType.BF16, 1, random.nextInt(4096)),
        1 + random.nextInt(100_000),
        names());
  }

  Content content() {
    return random.nextBoolean()
        ? new Content.OfTensor(spec())
        : new Content.OfObject(nonNegative());
  }

  Failure failure() {
    Failure.Reason[] reasons = Failure.Reason.values();
    return new Failure(reasons[random.nextInt(reasons.length)], random.nextBoolean() ? name() : "");
  }

  Destination destination(String group) {
    List<Integer> ranks =
        new ArrayList<>(IntStream.range(0, 1 + random.nextInt(9)).boxed().toList());
    Collections.shuffle(ranks, random);
    return new Destination(
        group,
        ranks.stream()
            .map(
                rank ->
                    random.nextBoolean()
                        ? Member.here(rank)
                        : Member.at(rank, "[::1]:" + (1 + rank)))
            .toList());
  }

  ChunkHeader chunk() {
    int index = random.nextInt(1 << 20);
    return new ChunkHeader(
        name(),
        index,
        random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(index + 1 + random.nextInt(9)),
        content(),
        names().stream()
            .map(this::destination)
            .collect(
                Collectors.collectingAndThen(
                    Collectors.toList(),
                    some -> some.isEmpty() ? List.of(destination("g")) : some)),
        List.copyOf(names()));
  }

  /** An object of what can be sent, not deeper than that. */
  @Nullable Object object(int depth) {
    return switch (random.nextInt(depth == 0 ? 6 : 8)) {
      case 0 -> null;
      case 1 -> random.nextBoolean();
      case 2 -> random.nextLong();
      case 3 -> random.nextGaussian();
      case 4 -> name();
      case 5 -> bytes(random.nextInt(20));
      case 6 -> {
        List<@Nullable Object> list = new ArrayList<>();
        for (int n = random.nextInt(4); n > 0; n--) {
          list.add(object(depth - 1));
        }
        yield list;
      }
      default -> {
        Map<String, @Nullable Object> map = new HashMap<>();
        names().forEach(name -> map.put(name, object(depth - 1)));
        yield map;
      }
    };
  }

  private Set<String> names() {
    Set<String> names = new HashSet<>();
    for (int n = random.nextInt(NAMES.size()); n > 0; n--) {
      names.add(name());
    }
    return names;
  }

  private String name() {
    return NAMES.get(random.nextInt(NAMES.size()));
  }

  private long nonNegative() {
    return random.nextLong() & Long.MAX_VALUE;
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
