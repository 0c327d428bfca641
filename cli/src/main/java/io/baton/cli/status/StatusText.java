package io.baton.cli.status;

import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.ChunksToPeer;
import io.baton.proto.v1.ExchangeStatus;
import io.baton.proto.v1.InboundStatus;
import io.baton.proto.v1.LinkStatus;
import io.baton.proto.v1.PayloadTraffic;
import io.baton.proto.v1.PoolAmount;
import io.baton.proto.v1.PoolHolder;
import io.baton.proto.v1.PoolStatus;
import io.baton.proto.v1.PushesStatus;
import io.baton.proto.v1.PushesToPeer;
import io.baton.proto.v1.SessionsStatus;
import io.baton.proto.v1.StageInfo;
import io.baton.proto.v1.StatusResponse;
import io.baton.proto.v1.UcxStatus;
import io.baton.session.model.RelayId;
import io.baton.transport.pinned.ByteText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A relay's status for a person: first what is wrong, then the figures, then who and where. */
final class StatusText {

  /** In the order of a chunk's life, and then what stages take. */
  private static final List<String> USES =
      List.of("filling", "unclaimed", "in_use", "history", "push", "command");

  private final HostPort relay;
  private final StatusResponse status;
  private final List<String> lines = new ArrayList<>();

  private StatusText(HostPort relay, StatusResponse status) {
    this.relay = relay;
    this.status = status;
  }

  /** Its lines. */
  static List<String> of(HostPort relay, StatusResponse status) {
    StatusText text = new StatusText(relay, status);
    text.write();
    return List.copyOf(text.lines);
  }

  private void write() {
    RelayId self =
        new RelayId(status.getIdentity().getName(), status.getIdentity().getIncarnation());
    Duration uptime = Duration.ofMillis(status.getUptimeMillis());
    line("%s at %s, up %s".formatted(self, relay, time(uptime)));
    warnings().forEach(warning -> line("! " + warning));
    gap();
    summary();
    pool(status.getPool());
    links();
  }

  private List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (status.getDraining()) {
      warnings.add("it is about to stop and takes no new session");
    }
    if (!status.getPool().getLocked()) {
      warnings.add("its pool is not locked in memory: " + status.getPool().getNotLockedBecause());
    }
    if (status.getLaneOrderList().contains("ucx") && status.getUcx().getVersion().isEmpty()) {
      warnings.add("it has no UCX: " + status.getUcx().getAbsentBecause());
    }
    if (!status.hasExchange()) {
      warnings.add("it is too busy to tell of its chunks");
    }
    if (status.getExchange().getWaitingForRoom() > 0) {
      warnings.add(
          "%s for room in its pool"
              .formatted(
                  count(status.getExchange().getWaitingForRoom(), "chunk waits", "chunks wait")));
    }
    status.getLinksList().stream()
        .filter(link -> link.getState().equals("backoff"))
        .map(
            link ->
                "its link to %s is down: %s".formatted(link.getAddress(), link.getLastFailure()))
        .forEach(warnings::add);
    status.getLinksList().stream()
        .filter(link -> !link.getSlowerBecause().isEmpty())
        .map(
            link ->
                "its link to %s is slower than it might be: %s"
                    .formatted(link.getAddress(), link.getSlowerBecause()))
        .forEach(warnings::add);
    return warnings;
  }

  private void summary() {
    SessionsStatus sessions = status.getSessions();
    entry("stage", stages());
    entry(
        "sessions",
        "%d of %d, holding %s; %s arriving"
            .formatted(
                sessions.getOpen(),
                sessions.getMax(),
                ByteText.of(sessions.getHeldBytes()),
                ByteText.of(sessions.getArrivingBytes())));
    entry(
        "steps",
        "%d answered, %d of them from a peer's push"
            .formatted(sessions.getSteps(), sessions.getStepsFromPeers()));
    entry(
        "payloads",
        "sent %s; received %s"
            .formatted(
                traffic(status.getPayloads().getSent()),
                traffic(status.getPayloads().getReceived())));
    PushesStatus pushes = status.getPushes();
    entry(
        "pushes",
        "%d sent, %d shed, %d lost; to standbys %d sent, %d shed"
            .formatted(
                pushes.getSent(),
                pushes.getShed(),
                pushes.getLost(),
                pushes.getStandbySent(),
                pushes.getStandbyShed()));
    entry("refused", "of the pushes that came: " + counts(pushes.getDroppedMap(), "none"));
    entry("lanes", String.join(", ", status.getLaneOrderList()) + ", the best first");
    entry("ucx", ucx(status.getUcx()));
    entry("peers", inbound(status.getInbound()));
    if (status.hasExchange()) {
      exchange(status.getExchange());
    }
  }

  private static String traffic(PayloadTraffic payloads) {
    return "%d in shared memory (%s), %d by UCX (%s), %d in messages (%s)"
        .formatted(
            payloads.getShared(),
            ByteText.of(payloads.getSharedBytes()),
            payloads.getUcx(),
            ByteText.of(payloads.getUcxBytes()),
            payloads.getFramed(),
            ByteText.of(payloads.getFramedBytes()));
  }

  private String stages() {
    return status.getStagesCount() == 0
        ? "none: no stage executor is attached"
        : status.getStagesList().stream().map(StatusText::stage).collect(Collectors.joining("; "));
  }

  private static String stage(StageInfo stage) {
    return "layers %d-%d of %s"
        .formatted(stage.getSpan().getFirst(), stage.getSpan().getEnd() - 1, stage.getModelId());
  }

  private static String ucx(UcxStatus ucx) {
    if (ucx.getVersion().isEmpty()) {
      return "none: " + ucx.getAbsentBecause();
    }
    return "%s, %s (%d lost); sent %s, received %s; %d failed, dropped: %s"
        .formatted(
            ucx.getVersion(),
            count(ucx.getConnections(), "connection", "connections"),
            ucx.getConnectionsLost(),
            ByteText.of(ucx.getSentBytes()),
            ByteText.of(ucx.getReceivedBytes()),
            ucx.getSendsFailed(),
            counts(ucx.getDroppedMap(), "none"));
  }

  private static String inbound(InboundStatus inbound) {
    String text =
        new TreeMap<>(inbound.getLinksMap())
            .entrySet().stream()
                .map(entry -> "%d send here by %s".formatted(entry.getValue(), entry.getKey()))
                .collect(Collectors.joining(", "));
    return text.isEmpty() ? "none sends here" : text;
  }

  private void exchange(ExchangeStatus exchange) {
    entry(
        "processes",
        "%d attached; %s, %s"
            .formatted(
                exchange.getProcesses(),
                count(exchange.getSenders(), "sender", "senders"),
                count(exchange.getReaders(), "reader", "readers")));
    entry(
        "chunks",
        "of %d data; %d being sent, %d waiting for room; %s outside of the pool"
            .formatted(
                exchange.getData(),
                exchange.getSending(),
                exchange.getWaitingForRoom(),
                ByteText.of(exchange.getHeapBytes())));
  }

  private void pool(PoolStatus pool) {
    gap();
    line(
        "pool of %s at %s, %s"
            .formatted(
                ByteText.of(pool.getBytes()),
                pool.getPath(),
                pool.getLocked() ? "locked in memory" : "NOT locked in memory"));
    line(
        "%s of %s are free, the largest piece %s (fragmented %s); pushes may fill %s"
            .formatted(
                ByteText.of(pool.getFree()),
                ByteText.of(pool.getCapacity()),
                ByteText.of(pool.getLargestFree()),
                percent(pool.getFragmentation()),
                percent(pool.getPushShare())));
    gap();
    Columns uses = new Columns("used for", "#slots", "#bytes", "#reserved", "#of the pool");
    for (String use : inOrder(pool.getByUseMap())) {
      amount(uses, use.replace('_', ' '), pool.getByUseOrDefault(use, pool.getTotal()));
    }
    amount(uses, "all", pool.getTotal());
    lines.addAll(uses.lines());
    holders(pool);
  }

  /** Uses that this command does not know come last. */
  private static List<String> inOrder(Map<String, PoolAmount> byUse) {
    List<String> order = new ArrayList<>(USES);
    order.retainAll(byUse.keySet());
    byUse.keySet().stream().sorted().filter(use -> !USES.contains(use)).forEach(order::add);
    return order;
  }

  private void holders(PoolStatus pool) {
    if (pool.getByHolderCount() == 0) {
      return;
    }
    gap();
    Columns holders = new Columns("held for", "#slots", "#bytes", "#reserved", "#of the pool");
    for (PoolHolder holder : pool.getByHolderList()) {
      amount(holders, holder.getName(), holder.getAmount());
    }
    if (pool.getOtherHolders() > 0) {
      amount(holders, "%d others".formatted(pool.getOtherHolders()), pool.getOthers());
    }
    lines.addAll(holders.lines());
  }

  private void amount(Columns columns, String name, PoolAmount amount) {
    long capacity = Math.max(1, status.getPool().getCapacity());
    columns.row(
        name,
        amount.getSlots(),
        ByteText.of(amount.getBytes()),
        ByteText.of(amount.getReserved()),
        percent((double) amount.getReserved() / capacity));
  }

  private void links() {
    if (status.getLinksCount() == 0) {
      return;
    }
    gap();
    Columns links =
        new Columns(
            "links to",
            "by",
            "state",
            "relay",
            "#pushed",
            "#shed",
            "#lost",
            "#bytes",
            "#chunks",
            "#taken",
            "#bytes",
            "#reconnects");
    for (LinkStatus link : status.getLinksList()) {
      PushesToPeer pushes = link.getPushes();
      ChunksToPeer chunks = link.getChunks();
      links.row(
          link.getAddress(),
          link.getKind(),
          state(link.getState()),
          link.getRemote(),
          pushes.getSent() + pushes.getStandbySent(),
          pushes.getShed() + pushes.getStandbyShed(),
          pushes.getLost(),
          ByteText.of(pushes.getBytes()),
          chunks.getOffered(),
          chunks.getTaken(),
          ByteText.of(chunks.getBytes()),
          link.getReconnects());
    }
    lines.addAll(links.lines());
  }

  private static String state(String state) {
    return state.equals("backoff") ? "DOWN" : state;
  }

  /** Those that are not zero. */
  private static String counts(Map<String, Long> counts, String none) {
    String text =
        new TreeMap<>(counts)
            .entrySet().stream()
                .filter(entry -> entry.getValue() != 0)
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    return text.isEmpty() ? none : text;
  }

  private static String count(long number, String one, String more) {
    return "%d %s".formatted(number, number == 1 ? one : more);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }

  /** In its two largest units. */
  private static String time(Duration time) {
    if (time.toDays() > 0) {
      return "%d d %d h".formatted(time.toDays(), time.toHoursPart());
    }
    if (time.toHours() > 0) {
      return "%d h %d min".formatted(time.toHours(), time.toMinutesPart());
    }
    return time.toMinutes() > 0
        ? "%d min %d s".formatted(time.toMinutes(), time.toSecondsPart())
        : "%d s".formatted(time.toSeconds());
  }

  private void entry(String name, String text) {
    line("%-11s%s".formatted(name, text));
  }

  private void line(String text) {
    lines.add(Columns.printable(text));
  }

  private void gap() {
    lines.add("");
  }
}
