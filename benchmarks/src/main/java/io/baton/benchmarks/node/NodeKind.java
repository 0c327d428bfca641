package io.baton.benchmarks.node;

/** The kinds of nodes, by the names under which another process makes them. */
public enum NodeKind {
  /** A relay, with or without a stage inside. */
  RELAY,
  /** A stage that attaches to a relay. */
  STAGE,
  /** A client, whose sessions run over two stages. */
  CLIENT,
  SENDER,
  READER,
  /** What two relays have between them, and nothing of theirs around it. */
  LINK,
  /** The same with pushes. */
  PUSH,
  /** Many ids through one relay, all in one process. */
  IDS,
  SOCKET_SOURCE,
  SOCKET_RELAY,
  SOCKET_SINK,
  STREAM_SOURCE,
  STREAM_RELAY,
  STREAM_SINK,
  JUCX,
  /** Only tells whether this machine has UCX. */
  UCX_PROBE;

  Node make(Settings settings) throws Exception {
    return switch (this) {
      case RELAY -> new RelayNode(settings);
      case STAGE -> new StageNode(settings);
      case CLIENT -> new ClientNode(settings);
      case SENDER -> new SenderNode(settings);
      case READER -> new ReaderNode(settings);
      case LINK -> new LinkNode(settings);
      case PUSH -> new PushNode(settings);
      case IDS -> new IdsNode(settings);
      case SOCKET_SOURCE -> new SocketSource(settings);
      case SOCKET_RELAY -> new SocketRelay(settings);
      case SOCKET_SINK -> new SocketSink(settings);
      case STREAM_SOURCE -> new StreamSource(settings);
      case STREAM_RELAY -> new StreamRelay(settings);
      case STREAM_SINK -> new StreamSink(settings);
      case JUCX -> new JucxNode();
      case UCX_PROBE -> new UcxProbe();
    };
  }
}
