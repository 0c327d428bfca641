"""A client of relays that means no good, made with nothing but gRPC: no generated code, frames written by hand.

    foreign_client.py ATTACK ARGUMENT...

Each attack ends by itself and prints one JSON object that says what it got. Needs grpc (Debian: python3-grpcio).
"""

import json
import os
import random
import socket
import struct
import sys
import threading
import time
from concurrent import futures

import grpc

SEED = 7
PROOF = bytes(range(32))
LONGEST = 20.0
# Of the sessions that it opens, so that nothing of it is left soon after.
LEASE_MILLIS = 4000


# ---- messages


def varint(number):
    out = bytearray()
    number &= (1 << 64) - 1
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """One field: an int is a varint, bytes and str have a length, a Fixed is eight bytes."""
    if isinstance(value, Fixed):
        return varint(number << 3 | 1) + struct.pack("<Q", value.bits)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


class Fixed:
    def __init__(self, bits):
        self.bits = bits & (1 << 64) - 1


def message(*fields):
    return b"".join(field(number, value) for number, value in fields)


def parse(data):
    """Fields of a message by number: ints and bytes, each in a list."""
    fields, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = number()
        kind = tag & 7
        if kind == 0:
            value = number()
        elif kind == 1:
            value = struct.unpack_from("<Q", data, at)[0]
            at += 8
        elif kind == 2:
            size = number()
            value = data[at : at + size]
            at += size
        else:
            raise ValueError(f"kind {kind}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


VERSIONS = message((1, 1), (2, 1))
LINK = "/baton.v1.Link/Carry"
# The first number of a step.
STEP = 1 << 63


def chunk(number, group, data_id, content, *body):
    """A frame with the only chunk of a datum, for the member 0."""
    head = message((1, group), (2, data_id), (4, 1), (5, varint(0)), (6, content))
    return message((2, message((1, Fixed(number)), (3, head), *body)))


def step(number, session, *body):
    """A frame with a push of one token to a session, with a ticket that is none."""
    spec = message((1, 3), (2, b"\x01"))
    head = message((1, session), (2, 1), (3, 1), (5, 1), (6, bytes(16)), (8, spec), (10, message((1, 1), (2, bytes(32)))))
    return message((2, message((1, Fixed(number)), (2, head), *body)))


def open_frame(stage, high, low, epoch=1, proof=PROOF, targets=(), sources=()):
    fields = [
        (1, VERSIONS),
        (2, message((1, Fixed(high)), (2, Fixed(low)))),
        (3, epoch),
        (4, stage["model"]),
        (5, stage["span"]),
        (6, 16),
        (8, LEASE_MILLIS),
        (9, 1),
    ]
    fields += [(10, source) for source in sources]
    fields += [(11, target) for target in targets]
    fields.append((13, proof))
    return message((1, message(*fields)))


HEARTBEAT = message((4, b""))


# ---- calls


class Stream:
    """A bidirectional call: frames are sent as they are, and what comes back is kept."""

    def __init__(self, channel, method):
        self.replies, self.ended, self.code = [], threading.Event(), None
        self.frames, self.ready = [], threading.Condition()
        self.closed = False
        call = channel.stream_stream(method, request_serializer=None, response_deserializer=None)
        self.call = call(self._requests(), timeout=LONGEST * 3)
        threading.Thread(target=self._read, daemon=True).start()

    def _requests(self):
        while True:
            with self.ready:
                while not self.frames and not self.closed:
                    self.ready.wait(0.5)
                if not self.frames:
                    return
                frame = self.frames.pop(0)
            yield frame

    def _read(self):
        try:
            for reply in self.call:
                self.replies.append(reply)
            self.code = "OK"
        except grpc.RpcError as error:
            self.code = error.code().name
        self.ended.set()

    def send(self, *frames):
        with self.ready:
            self.frames.extend(frames)
            self.ready.notify()

    def await_replies(self, count, seconds=LONGEST):
        end = time.monotonic() + seconds
        while len(self.replies) < count and not self.ended.is_set() and time.monotonic() < end:
            time.sleep(0.01)
        return len(self.replies) >= count

    def close(self):
        self.closed = True
        self.call.cancel()


def channel(address):
    # Without the first option all of a process's channels share one connection.
    return grpc.insecure_channel(
        address, options=[("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    )


def session(channel_):
    return Stream(channel_, "/baton.v1.Relay/Session")


def describe(channel_):
    call = channel_.unary_unary("/baton.v1.Relay/Describe", request_serializer=None, response_deserializer=None)
    answer = parse(call(message((1, VERSIONS)), timeout=LONGEST))
    stage = parse(answer[3][0])
    return {"model": stage[1][0], "span": stage.get(3, [b""])[0], "row": stage[4][0], "identity": answer[2][0]}


def status(channel_):
    call = channel_.unary_unary("/baton.v1.Relay/Status", request_serializer=None, response_deserializer=None)
    return call(message((1, VERSIONS)), timeout=LONGEST)


def kinds(stream):
    """How often each kind of StageFrame came."""
    names = {1: "opened", 2: "output", 4: "need_payload", 5: "mismatch", 6: "refused", 7: "draining"}
    counts = {}
    for reply in list(stream.replies):
        for number in parse(reply):
            name = names.get(number, str(number))
            counts[name] = counts.get(name, 0) + 1
    return counts


# ---- attacks


def takeover(address, high, low):
    """Knows the id of a session that runs, and wants it: with every epoch and proof, and a push of any ticket."""
    high, low = int(high), int(low)
    there = channel(address)
    stage = describe(there)
    told = status(there)
    opened = 0
    for epoch in (1, 2, 1000, (1 << 63) - 1):
        for proof in (b"", bytes(16), PROOF, os.urandom(32), os.urandom(64)):
            stream = session(there)
            stream.send(open_frame(stage, high, low, epoch, proof), message((5, b"")))
            stream.await_replies(1, 5)
            opened += kinds(stream).get("opened", 0)
            stream.close()
    needles = [struct.pack("<Q", high & (1 << 64) - 1), b"%016x" % (high & (1 << 64) - 1), b"%016x" % (low & (1 << 64) - 1)]
    return {"opened": opened, "status_tells_the_id": any(needle in told for needle in needles)}


def announce(address, streams, bytes_):
    """Says that a payload of so many bytes is coming, on many streams, and sends next to nothing of it."""
    there = channel(address)
    stage = describe(there)
    row = parse(stage["row"])
    shape = [int(bytes_)]
    for packed in row.get(2, []):
        shape += [packed] if isinstance(packed, int) else list(packed)[1:]
    spec = message((1, row[1][0]), (2, b"".join(varint(size) for size in shape)))
    held = []
    for i in range(int(streams)):
        stream = session(there)
        stream.send(open_frame(stage, SEED, i + 1))
        held.append(stream)
    for stream in held:
        stream.await_replies(1, 5)
    for count in (1, int(bytes_)):
        header = message((1, spec), (3, message((1, 1), (2, bytes(32)))), (5, 1 << 12), (6, 1))
        frame = message((2, message((1, 1), (2, count), (4, count), (6, header))))
        for stream in held:
            stream.send(frame, message((3, message((1, 1), (2, 0), (3, bytes(16))))))
    time.sleep(3)
    result = {"opened": sum(kinds(stream).get("opened", 0) for stream in held)}
    for stream in held:
        stream.close()
    return result


def hoard(address, seconds):
    """Takes all the sessions that it can get, many on one stream and one on each of many, and keeps them alive."""
    there = channel(address)
    stage = describe(there)
    one = session(there)
    one.send(*[open_frame(stage, SEED, 1_000_000 + i) for i in range(300)])
    many = [session(there) for _ in range(300)]
    for i, stream in enumerate(many):
        stream.send(open_frame(stage, SEED, 2_000_000 + i))
    print("hoarding", flush=True)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for stream in [one] + many:
            if not stream.ended.is_set():
                stream.send(HEARTBEAT)
        time.sleep(0.5)
    result = {
        "on_one_stream": kinds(one).get("opened", 0),
        "on_many_streams": sum(kinds(stream).get("opened", 0) for stream in many),
    }
    for stream in [one] + many:
        stream.close()
    return result


def dial(address):
    """Names addresses to push to that belong to others, and sees whether the relay goes there."""
    listeners, reached = [], [0]
    for _ in range(8):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(0.2)
        listeners.append(listener)

    def listen(listener):
        end = time.monotonic() + 6
        while time.monotonic() < end:
            try:
                listener.accept()[0].close()
                reached[0] += 1
            except TimeoutError:
                pass

    threads = [threading.Thread(target=listen, args=(listener,)) for listener in listeners]
    for thread in threads:
        thread.start()
    there = channel(address)
    stage = describe(there)
    targets = [f"127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]
    source = message((1, "nobody"), (2, Fixed(1)))
    streams = []
    for i in range(64):
        stream = session(there)
        stream.send(open_frame(stage, SEED, 3_000_000 + i, targets=[targets[i % 8], targets[(i + 1) % 8]], sources=[source]))
        streams.append(stream)
    for thread in threads:
        thread.join()
    told = status(there)
    result = {"reached": reached[0], "status_names_them": any(target.encode() in told for target in targets)}
    for stream in streams:
        stream.close()
    return result


CASTAGNOLI = [0] * 256
for index in range(256):
    crc = index
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    CASTAGNOLI[index] = crc


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CASTAGNOLI[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def summed(template, body):
    """An address like another, with a right length and checksum."""
    return template[:4] + struct.pack(">II", len(body), crc32c(body)) + body


def ucx(address, attempts):
    """Gives UCX addresses that are wrong inside and right outside, wherever one may be given."""
    there = channel(address)
    stage = describe(there)
    chance = random.Random(SEED)
    hello = (1, VERSIONS), (2, message((1, "stranger"), (2, Fixed(5))))
    stream = Stream(there, LINK)
    stream.send(message((1, message(*hello, (4, 3), (4, 1), (5, b"1")))))
    stream.await_replies(1, 5)
    template = b""
    if stream.replies:
        data = parse(parse(stream.replies[0]).get(1, [b""])[0]).get(4, [b""])[0]
        template = parse(data).get(2, [b""])[0]
    stream.close()
    told = bool(template)
    if len(template) < 40:
        template = b"BUCX" + bytes(8) + chance.randbytes(160)
    streams = []
    for i in range(int(attempts)):
        body = bytearray(template[12:])
        for _ in range(1 + i % 8):
            body[chance.randrange(len(body))] = chance.randrange(256)
        if i % 5 == 0:
            body = body[: chance.randrange(1, len(body))]
        forged = summed(template, bytes(body))
        peer = Stream(there, LINK)
        peer.send(message((1, message(*hello, (3, message((2, forged))), (4, 3), (4, 1), (5, varint(i + 1))))))
        content = message((1, message((1, 3), (2, b"\x01"))), (3, 4))
        peer.send(chunk(i + 1, "g", "d", content))
        # What is said to follow by UCX does not.
        peer.send(step(STEP + i, message((1, Fixed(SEED)), (2, Fixed(i))), (6, b"")))
        client = session(there)
        # As one could be named to clients, once.
        target = message((1, forged), (2, Fixed(i + 1)))
        sharing = message((4, 1), (5, target))
        client.send(open_frame(stage, SEED, 4_000_000 + i) + field(15, sharing), HEARTBEAT + field(15, sharing))
        streams += [peer, client]
        peer.await_replies(1, 0.2)
    time.sleep(2)
    for stream in streams:
        stream.close()
    return {"template": told, "alive": bool(status(there))}


class Answers(grpc.GenericRpcHandler):
    """A relay that answers for what it was never asked: chunks and steps, all that there is to say."""

    def __init__(self):
        self.called = threading.Event()

    def service(self, details):
        if details.method != LINK:
            return None
        return grpc.stream_stream_rpc_method_handler(self._carry, request_deserializer=None, response_serializer=None)

    def _carry(self, requests, context):
        self.called.set()
        threading.Thread(target=lambda: [None for _ in requests], daemon=True).start()
        yield message((1, message((1, 1), (2, message((1, "liar"), (2, Fixed(9)))), (3, 1), (5, Fixed(9)))))
        failure = message((1, 3), (2, "gone"))
        end = time.monotonic() + 8
        while time.monotonic() < end and context.is_active():
            for number in [n + first for first in (0, STEP) for n in range(400)]:
                yield message((3, message((1, Fixed(number)))))
                yield message((4, message((1, Fixed(number)))))
                yield message((5, message((1, Fixed(number)), (2, failure))))
                yield message((6, message((1, struct.pack("<Q", number)))))
            time.sleep(0.05)


def answer():
    """Serves as a relay that answers for others; prints its port first."""
    answers = Answers()
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((answers,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    called = answers.called.wait(LONGEST)
    time.sleep(8 if called else 0)
    server.stop(0)
    return {"called": called}


def impersonate(address, name, incarnation, group):
    """Says that it is a relay that it is not, and has chunks taken in its name before they come."""
    there = channel(address)
    identity = message((1, name), (2, Fixed(int(incarnation))))
    taken = 0
    streams = []
    for secret in (b"", b"1", bytes(16)):
        stream = Stream(there, LINK)
        stream.send(message((1, message((1, VERSIONS), (2, identity), (4, 1), (5, secret)))))
        stream.await_replies(1, 5)
        for number in range(1, 300):
            content = message((2, b""), (3, 1))
            stream.send(chunk(number, group, f"forged-{number}", content, (4, b"\x00")))
        stream.await_replies(300, 5)
        taken += sum(4 in parse(reply) for reply in list(stream.replies))
        streams.append(stream)
    for stream in streams:
        stream.close()
    return {"taken": taken}


ATTACKS = {attack.__name__: attack for attack in (takeover, announce, hoard, dial, ucx, answer, impersonate)}

if __name__ == "__main__":
    print(json.dumps(ATTACKS[sys.argv[1]](*sys.argv[2:])), flush=True)
    # Threads of calls that are still open do not keep the process.
    os._exit(0)
