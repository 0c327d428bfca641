package io.baton.transport.ucx;

import io.baton.transport.CopiedBytes;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.openucx.jucx.UcxException;
import org.openucx.jucx.ucp.UcpAmData;
import org.openucx.jucx.ucp.UcpAmRecvCallback;
import org.openucx.jucx.ucp.UcpEndpoint;
import org.openucx.jucx.ucp.UcpRequestParams;
import org.openucx.jucx.ucp.UcpWorker;
import org.openucx.jucx.ucs.UcsConstants.MEMORY_TYPE;
import org.openucx.jucx.ucs.UcsConstants.STATUS;

/**
 * What UCX calls when a message arrives. A body comes with the message, in memory that is UCX's and
 * only for the time of the call, or has to be fetched; the sender's UCX chooses. Nothing may be
 * thrown into UCX, so that every failure ends here as a drop.
 */
final class Inbound implements UcpAmRecvCallback {

  private final UcpWorker worker;
  private final UcxReceiver receiver;
  private final Counters counters;
  private final int maxOpen;
  private final Runnable onCutOff;
  private final Set<Incoming> open = new HashSet<>();
  private final ByteBuffer header;
  private boolean stopped;
  private final UcpRequestParams host =
      new UcpRequestParams().setMemoryType(MEMORY_TYPE.UCS_MEMORY_TYPE_HOST);

  /**
   * @param onCutOff run when a body that was on its way will not come
   */
  Inbound(
      UcpWorker worker, UcxReceiver receiver, Counters counters, int maxOpen, Runnable onCutOff) {
    this.worker = worker;
    this.receiver = receiver;
    this.counters = counters;
    this.maxOpen = maxOpen;
    this.onCutOff = onCutOff;
    header = ByteBuffer.allocateDirect(Math.toIntExact(worker.getMaxAmHeaderSize()));
  }

  @Override
  public int onReceive(
      long headerAddress, long headerBytes, UcpAmData data, @Nullable UcpEndpoint replyEndpoint) {
    if (stopped) {
      counters.drop(DropReason.CUT_OFF);
      return STATUS.UCS_OK;
    }
    try {
      Landing landing = land(headerAddress, headerBytes, data.getLength());
      if (landing instanceof Landing.Into into) {
        take(into, data);
      }
    } catch (Throwable e) {
      counters.receiverFailed(e);
    }
    return STATUS.UCS_OK;
  }

  /** Takes nothing new. */
  void stop() {
    stopped = true;
  }

  /** Bodies that are on their way in. */
  int open() {
    return open.size();
  }

  /** Ends what is still on its way in, when UCX will not write to it any more. */
  void endAll(UcxFailure failure) {
    List.copyOf(open).forEach(incoming -> incoming.finish(failure));
  }

  private Landing land(long headerAddress, long headerBytes, long bodyBytes) {
    // A copy, so that a receiver which keeps the buffer reads stale bytes and not freed memory.
    header.clear();
    if (headerBytes > 0) {
      MemorySegment.copy(
          Natives.view(headerAddress, headerBytes),
          0,
          MemorySegment.ofBuffer(header),
          0,
          headerBytes);
    }
    header.limit((int) headerBytes);
    Landing landing = receiver.onMessage(header.asReadOnlyBuffer(), bodyBytes);
    return switch (landing) {
      case Landing.Refused refused -> {
        counters.drop(DropReason.REFUSED);
        yield refused;
      }
      case Landing.Into into when !into.at().isNative() || into.at().byteSize() != bodyBytes -> {
        drop(into, DropReason.BAD_LANDING, "the landing has not the size of the body");
        yield Landing.REFUSED;
      }
      case Landing.Into into when open.size() >= maxOpen -> {
        drop(into, DropReason.TOO_MANY, "too many bodies are on their way in");
        yield Landing.REFUSED;
      }
      case Landing.Into into -> into;
    };
  }

  private void take(Landing.Into landing, UcpAmData data) {
    long bytes = landing.at().byteSize();
    if (bytes == 0) {
      counters.landed(landing, null);
      return;
    }
    if (data.isDataValid()) {
      copy(landing, Natives.view(data.getDataAddress(), bytes));
      return;
    }
    Incoming incoming = new Incoming(landing, open, counters, onCutOff);
    try {
      worker.recvAmDataNonBlocking(
          data.getDataHandle(), landing.at().address(), bytes, incoming, host);
    } catch (UcxException e) {
      incoming.finish(Statuses.failure(e.getStatus(), String.valueOf(e.getMessage())));
    } catch (NullPointerException e) {
      // jucx looks at a request that UCX has already completed, as it does if the sender is lost.
      incoming.finish(new UcxFailure(UcxFailure.Kind.PEER_LOST, "the sender is lost"));
    }
  }

  private void copy(Landing.Into landing, MemorySegment from) {
    try {
      CopiedBytes.add(from.byteSize());
      landing.at().copyFrom(from);
    } catch (RuntimeException e) {
      drop(landing, DropReason.BAD_LANDING, "the landing cannot be written: " + e.getMessage());
      return;
    }
    counters.landed(landing, null);
  }

  private void drop(Landing.Into landing, DropReason reason, String detail) {
    counters.refuse(landing, reason, new UcxFailure(UcxFailure.Kind.TRANSPORT, detail));
  }
}
