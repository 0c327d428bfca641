"""A process of a relay's host that is none of ours: sender, reader and stage executor at once, written from
docs/protocol.md with nothing but Python's standard library and the messages.

    foreign_process.py MESSAGES SOCKET NAME

MESSAGES is a FileDescriptorSet of baton.v1. Each line of standard input is a JSON array of a verb and what belongs to it,
and is answered by one line of JSON; the process ends with its standard input. Needs google.protobuf (Debian:
python3-protobuf).
"""

import json
import mmap
import os
import queue
import socket
import struct
import sys
import threading
import time

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

LONGEST = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
INLINE_CHUNK = 128 << 10
INLINE_PAYLOAD = 64 << 10
CHUNK_FRAME = 256 << 10
LONGEST_FRAME = 4 << 20


class Messages:
    """The messages of baton.v1 by name."""

    def __init__(self, path):
        self.pool = descriptor_pool.DescriptorPool()
        described = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as file:
            described.ParseFromString(file.read())
        for each in described.file:
            self.pool.AddSerializedFile(each.SerializeToString())

    def __getattr__(self, name):
        descriptor = self.pool.FindMessageTypeByName("baton.v1." + name)
        if hasattr(message_factory, "GetMessageClass"):
            made = message_factory.GetMessageClass(descriptor)
        else:
            made = message_factory.MessageFactory(self.pool).GetPrototype(descriptor)
        setattr(self, name, made)
        return made

    def number(self, enum, name):
        return self.pool.FindEnumTypeByName("baton.v1." + enum).values_by_name[name].number

    def name(self, enum, number):
        return self.pool.FindEnumTypeByName("baton.v1." + enum).values_by_number[number].name


class Lost(Exception):
    """The connection has ended."""


class Failed(Exception):
    """The relay has said why not."""


class Stale(Exception):
    """A slot that is somebody else's by now."""


class Pool:
    """The file of a relay's pool, mapped."""

    HEADER = 64

    def __init__(self, shared):
        file = os.open(shared.path, os.O_RDWR)
        try:
            self.memory = mmap.mmap(file, 0)
        finally:
            os.close(file)
        magic, version, pool, size, is_open = struct.unpack_from("<8sQQQQ", self.memory)
        if (magic, version, pool, size, is_open) != (b"BATNPOOL", 1, shared.id, len(self.memory), 1):
            raise ValueError(f"not the pool that was named: {magic}, {version}, {size}, {is_open}")

    def check(self, slot):
        (generation,) = struct.unpack_from("<Q", self.memory, slot.offset - self.HEADER)
        if generation != slot.generation:
            raise Stale(f"generation {generation}, not {slot.generation}")

    def write(self, slot, data, at=0):
        self.memory[slot.offset + at : slot.offset + at + len(data)] = data

    def read(self, slot, size):
        self.check(slot)
        copy = self.memory[slot.offset : slot.offset + size]
        self.check(slot)
        return copy


class Connection:
    """Frames on the relay's socket: four bytes of length, the most significant first, and a message."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.lock = threading.Lock()
        self.farewell = None
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise

    def send(self, *frames):
        """All of them in a row, so that nothing comes between a header and its chunks."""
        bodies = [frame.SerializeToString() for frame in frames]
        self.write(b"".join(struct.pack(">I", len(body)) + body for body in bodies))

    def write(self, data):
        with self.lock:
            self.socket.sendall(data)

    def replies(self):
        """Until the socket closes."""
        while True:
            head = self._exactly(4)
            body = head and self._exactly(struct.unpack(">I", head)[0])
            if body is None:
                return
            yield M.ProcessReply.FromString(body)

    def _exactly(self, size):
        if size > LONGEST_FRAME:
            raise ValueError(f"a frame of {size} bytes")
        data = bytearray()
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                return None
            data += part
        return bytes(data)

    def close(self):
        self.socket.close()


# ---- a stage

MASK = (1 << 64) - 1


def mix(number):
    """SplitMix64."""
    number = number + 0x9E3779B97F4A7C15 & MASK
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & MASK
    return number ^ number >> 31


class Stage:
    """Layers that each take up a token's number, and make of it and of all before it the number of the next layer."""

    def __init__(self, model, layers, first, end, max_length):
        self.first, self.end = first, end
        row = M.TensorSpec(dtype=M.number("DType", "DTYPE_I64"), shape=[1, 1])
        span = M.LayerSpan(first=first, end=end)
        self.info = M.StageInfo(
            model_id=model, model_layers=layers, span=span, input_row=row, output_row=row, max_length=max_length
        )

    def opened(self):
        return [[] for _ in range(self.first, self.end)]

    def forward(self, layers, position, numbers, progress):
        output = []
        for row, number in enumerate(numbers):
            for layer, taken in enumerate(layers):
                before = taken[-1] if taken else self.first + layer
                taken.append(mix(before * 31 + number & MASK))
                number = mix(taken[-1] + position + row & MASK)
            output.append(number)
            if row % 10_000 == 9_999:
                progress((len(numbers) - row - 1) * len(layers))
        return output


class Executor:
    """Carries out the commands of one connection, one at a time, in order; its sessions end with it."""

    def __init__(self, connection, stage, stall):
        self.connection, self.stage, self.stall = connection, stage, stall
        self.sessions, self.payload_ids = {}, 0
        self.commands, self.command, self.body = queue.Queue(), None, bytearray()
        self.missing = self.chunks_taken = self.chunks_said = 0
        threading.Thread(target=self._run, daemon=True).start()

    def take(self, reply):
        if reply.HasField("command"):
            self.command, self.body = reply.command, bytearray(reply.command.forward.payload.inline)
            self.missing = reply.command.forward.payload.chunk_count
        else:
            header, chunk = self.command.forward.payload, reply.chunk
            if self.missing < 1 or (chunk.data_id, chunk.index) != (header.data_id, header.chunk_count - self.missing):
                raise ValueError(f"not the chunk that comes next: {chunk.data_id}, {chunk.index}")
            self.body += chunk.data
            self.missing -= 1
            self.chunks_taken += 1
        if self.missing == 0:
            self.commands.put((self.command, bytes(self.body)))

    def end(self):
        self.commands.put(None)

    def _run(self):
        for command, body in iter(self.commands.get, None):
            try:
                frames = self._carry_out(command, body)
            except Failed as why:
                frames = [M.ProcessFrame(failed=M.CommandFailed(command=command.command, message=str(why)))]
            try:
                self.connection.send(*frames)
            except OSError:
                return

    def _carry_out(self, command, body):
        session, action = (command.session.high, command.session.low), command.WhichOneof("action")
        done = M.ProcessFrame(done=M.CommandDone(command=command.command))
        if action == "open":
            self.sessions[session] = self.stage.opened()
        elif action == "close":
            self.sessions.pop(session, None)
        elif action == "rollback":
            for taken in self.sessions[session]:
                del taken[command.rollback.length :]
        else:
            return self._forward(done, session, command, body)
        return [done]

    def _forward(self, done, session, command, body):
        position, spec = command.forward.position, command.forward.payload.activations
        layers = self.sessions[session]
        if len(layers[0]) != position:
            raise Failed(f"{len(layers[0])} tokens are held, not {position}")
        numbers = struct.unpack(f"<{spec.shape[0]}q", body)
        self.stall.pass_by(position)
        started = time.monotonic_ns()

        def progress(left):
            said = M.CommandProgress(command=command.command, work_left=left)
            self.connection.send(M.ProcessFrame(progress=said))

        output = struct.pack(f"<{len(numbers)}Q", *self.stage.forward(layers, position, numbers, progress))
        done.done.compute_nanos = time.monotonic_ns() - started
        done.done.payload.activations.CopyFrom(spec)
        return [done] + self._attach(done.done.payload, output)

    def _attach(self, header, output):
        """Puts bytes into a header, or returns the frames that come after it."""
        if len(output) <= INLINE_PAYLOAD:
            header.inline = output
            return []
        self.payload_ids += 1
        self.chunks_said += (len(output) + CHUNK_FRAME - 1) // CHUNK_FRAME
        parts = [output[at : at + CHUNK_FRAME] for at in range(0, len(output), CHUNK_FRAME)]
        header.chunk_count, header.data_id = len(parts), self.payload_ids
        return [
            M.ProcessFrame(chunk=M.Chunk(data_id=self.payload_ids, index=index, data=part))
            for index, part in enumerate(parts)
        ]


class Stall:
    """Where a forward stops for good, for a process that is killed in the middle of one."""

    def __init__(self):
        self.position, self.reached = None, threading.Event()

    def pass_by(self, position):
        if self.position is not None and position >= self.position:
            self.reached.set()
            threading.Event().wait()


# ---- the process


class Process:
    """Keeps a connection, made anew with growing pauses whenever it ends, and registers there again."""

    def __init__(self, path, name):
        self.path, self.name, self.stage = path, name, None
        self.stall, self.lock = Stall(), threading.Lock()
        self.numbers, self.registrations, self.answers, self.pools = 0, {}, {}, {}
        self.connection = self.welcome = self.executor = None
        # How each connection ended: by which farewell, or None.
        self.endings = []
        self.connected, self.left, self.pong = threading.Event(), threading.Event(), threading.Event()
        self.welcomes = 0

    def live(self):
        pause = FIRST_PAUSE
        while not self.left.is_set():
            before = self.welcomes
            try:
                self._converse()
            except OSError:
                pass
            pause = FIRST_PAUSE if self.welcomes > before else min(2 * pause, LONGEST_PAUSE)
            self.left.wait(pause)

    def _converse(self):
        connection = Connection(self.path)
        try:
            hello = M.ProcessHello(versions=M.VersionRange(lowest=1, highest=1), name=self.name)
            if self.stage:
                hello.stage.CopyFrom(self.stage.info)
            connection.send(M.ProcessFrame(hello=hello))
            for reply in connection.replies():
                self._hear(connection, reply)
        finally:
            connection.close()
            self._lose(connection)

    def _hear(self, connection, reply):
        kind = reply.WhichOneof("frame")
        if kind == "welcome":
            self._begin(connection, reply.welcome)
        elif kind == "ping":
            connection.send(M.ProcessFrame(pong=M.Pong()))
        elif kind == "pong":
            self.pong.set()
        elif kind == "farewell":
            connection.farewell = {"code": reply.farewell.code, "message": reply.farewell.message}
        elif kind in ("command", "chunk"):
            self.executor.take(reply)
        elif kind is not None:
            answer = getattr(reply, kind)
            with self.lock:
                # What is asked of this process is no answer.
                take = self.answers.get if kind == "write_part" else self.answers.pop
                waiting = take(answer.request, None)
            if waiting:
                waiting.put((kind, answer))

    def _begin(self, connection, welcome):
        with self.lock:
            self.welcome, self.pools = welcome, {}
            self.welcomes += 1
            if self.stage:
                self.executor = Executor(connection, self.stage, self.stall)
            # Nobody waits for the answers: what is asked for of a place that is taken fails by itself.
            for kind, fields in self.registrations.values():
                connection.send(self._frame(kind, self._number(), fields))
            self.connection = connection
            self.connected.set()

    def _lose(self, connection):
        with self.lock:
            waiting, self.answers = self.answers, {}
            self.connection = None
            self.endings.append(connection.farewell)
            self.connected.clear()
            if self.executor:
                self.executor.end()
                self.executor = None
        for each in waiting.values():
            each.put(None)

    def _number(self):
        self.numbers += 1
        return self.numbers

    @staticmethod
    def _frame(kind, number, fields):
        types = {"register_sender": M.RegisterSender, "register_reader": M.RegisterReader, "send": M.Send}
        types |= {"join": M.Join, "allocate": M.Allocate, "receive": M.Receive, "close_stream": M.CloseStream}
        return M.ProcessFrame(**{kind: types[kind](request=number, **fields)})

    def say(self, **frame):
        connection = self.reach()
        connection.send(M.ProcessFrame(**frame))

    def reach(self):
        """The connection, as soon as there is one."""
        if not self.connected.wait(LONGEST):
            raise Lost("no relay")
        with self.lock:
            if self.connection is None:
                raise Lost("the connection has just ended")
            return self.connection

    def ask(self, kind, meanwhile=None, **fields):
        """Sends a request, and waits for what it comes to; does meanwhile what it is asked to on the way."""
        connection, waiting = self.reach(), queue.Queue()
        with self.lock:
            if connection is not self.connection:
                raise Lost("the connection has just ended")
            number = self._number()
            self.answers[number] = waiting
        try:
            connection.send(self._frame(kind, number, fields))
        except OSError as why:
            raise Lost(str(why)) from why
        answer = waiting.get(timeout=2 * LONGEST)
        while answer and answer[0] == "write_part":
            meanwhile(answer[1])
            answer = waiting.get(timeout=2 * LONGEST)
        if answer is None:
            raise Lost("the connection has ended")
        if answer[0] == "failed":
            failure = answer[1].failure
            reason = M.name("FailureReason", failure.reason).removeprefix("FAILURE_REASON_")
            raise Failed(f"{reason}: {failure.message}")
        return answer

    def pool(self, named):
        """Of this relay, or of another of this host."""
        shared = named if named.path else self.welcome.pool
        if shared.id not in self.pools:
            self.pools[shared.id] = Pool(shared)
        return self.pools[shared.id]


# ---- what it is told to do


def persistently(attempt):
    """Once more when the connection is lost."""
    end = time.monotonic() + LONGEST
    while True:
        try:
            return attempt()
        except Lost:
            if time.monotonic() > end:
                raise


TIMEOUT = int(LONGEST * 1e9)


def destinations(groups):
    """Groups of one member: a group's name here, or its name and a relay."""
    named = [group if isinstance(group, list) else [group, ""] for group in groups]
    return [M.Destination(group=group, members=[M.Member(rank=0, relay=relay)]) for group, relay in named]


class Verbs:
    def __init__(self, process):
        self.process = process

    def start(self, *stage):
        """Connects as soon as it can."""
        if stage:
            self.process.stage = Stage(*stage)
        threading.Thread(target=self.process.live, daemon=True).start()
        return {}

    def attach(self, *stage):
        self.start(*stage)
        self.process.reach()
        welcome = self.process.welcome
        return {"relay": welcome.identity.name, "version": welcome.version}

    def state(self):
        return {"connected": self.process.connected.is_set(), "welcomes": self.process.welcomes, "endings": self.process.endings}

    def sessions(self):
        """Of the executor, on this connection."""
        executor = self.process.executor
        lengths = [len(layers[0]) for layers in executor.sessions.values()] if executor else []
        counted = {"chunks_taken": executor.chunks_taken, "chunks_said": executor.chunks_said} if executor else {}
        return {"lengths": lengths} | counted

    def sender(self, registration, group, rank, members, copy="GROUP_COPY_LOWEST"):
        fields = {"group": group, "rank": rank, "members": members, "copy": M.number("GroupCopy", copy)}
        return self._register("register_sender", registration, **fields)

    def reader(self, registration, group, rank):
        return self._register("register_reader", registration, group=group, rank=rank)

    def _register(self, kind, registration, **fields):
        fields["registration"] = registration
        # It stands even if another has the place: it is had when the other has gone.
        self.process.registrations[registration] = kind, fields
        self.process.ask(kind, **fields)
        return {}

    def send(self, registration, datum, index, count, path, groups):
        chunk, body = self._chunk(datum, index, count, path, groups)
        fields = {"registration": registration, "chunk": chunk, "timeout_nanos": TIMEOUT}

        def attempt():
            if len(body) <= INLINE_CHUNK:
                self.process.ask("send", inline=body, **fields)
                return {"by": "inline"}
            slot = self._allocate(registration, len(body), chunk.destinations)
            self.process.pool(M.SharedPool()).write(slot, body)
            self.process.ask("send", slot=slot, **fields)
            return {"by": "slot"}

        return persistently(attempt)

    @staticmethod
    def _chunk(datum, index, count, path, groups):
        with open(path, "rb") as file:
            body = file.read()
        spec = M.TensorSpec(dtype=M.number("DType", "DTYPE_U8"), shape=[len(body)])
        content = M.Content(tensor=spec, bytes=len(body))
        chunk = M.Chunking(data_id=datum, index=index, content=content, destinations=destinations(groups))
        if count is not None:
            chunk.count = count
        return chunk, body

    def join(self, registration, datum, path, groups):
        """Sends a chunk with the other members of the group, and says which parts it has written."""
        chunk, body = self._chunk(datum, 0, 1, path, groups)
        written, pool = [], self.process.pool(M.SharedPool())

        def write(part):
            begin, end = getattr(part, "from"), part.to
            pool.write(part.slot, body[begin:end], begin)
            self.process.say(part_written=M.PartWritten(request=part.request, part=part.part))
            written.append([begin, end])

        fields = {"registration": registration, "chunk": chunk, "timeout_nanos": TIMEOUT}
        self.process.ask("join", meanwhile=write, **fields)
        return {"written": written}

    def _allocate(self, registration, size, to):
        groups = [each.group for each in to]
        asked = {"registration": registration, "bytes": size, "groups": groups, "timeout_nanos": TIMEOUT}
        return self.process.ask("allocate", **asked)[1].slot

    def write_half(self, registration, size, groups):
        """Leaves a slot that is being written into."""
        slot = self._allocate(registration, size, destinations(groups))
        self.process.pool(M.SharedPool()).write(slot, bytes([0xEE]) * (size // 2))
        return {"offset": slot.offset}

    def close_stream(self, registration, datum, count, groups):
        fields = {"data_id": datum, "count": count, "destinations": destinations(groups), "timeout_nanos": TIMEOUT}
        self.process.ask("close_stream", registration=registration, **fields)
        return {}

    def receive(self, registration, datum, index, path, seconds=LONGEST):
        """Into a file; the chunk is held until it is said to be done."""
        asked = {"registration": registration, "data_id": datum, "index": index, "timeout_nanos": int(seconds * 1e9)}
        kind, received = persistently(lambda: self.process.ask("receive", **asked))
        if kind == "end_of_stream":
            return {"end": received.count}
        by = received.WhichOneof("body")
        body = received.inline
        if by == "slot":
            body = self.process.pool(received.pool).read(received.slot, received.content.bytes)
        kind = received.content.WhichOneof("kind")
        with open(path, "wb") as file:
            file.write(body if kind == "tensor" else M.Value.FromString(body).bytes)
        return {"by": by, "shape": list(received.content.tensor.shape)}

    def done(self, registration, datum, index):
        self.process.say(mark_done=M.MarkDone(registration=registration, data_id=datum, index=index))
        return {}

    def let_go(self, registration, datum, index):
        self.process.say(let_go=M.LetGo(registration=registration, data_id=datum, index=index))
        return {}

    def ping(self):
        self.process.pong.clear()
        self.process.say(ping=M.Ping())
        return {"pong": self.process.pong.wait(LONGEST)}

    def stall_at(self, position):
        self.process.stall.position = position
        return {}

    def stalled(self):
        return {"stalled": self.process.stall.reached.wait(LONGEST)}

    def leave(self):
        self.process.left.set()
        self.process.say(farewell=M.Farewell())
        end = time.monotonic() + LONGEST
        while self.process.connected.is_set() and time.monotonic() < end:
            time.sleep(0.005)
        return self.process.endings[-1]

    def leave_unread(self, count):
        """On a connection of its own: asks for much, reads nothing until it has taken its leave, and then all."""
        connection, said = Connection(self.process.path), {}
        connection.socket.settimeout(LONGEST)
        hello = M.ProcessHello(versions=M.VersionRange(lowest=1, highest=1), name="unread")
        reader = M.RegisterReader(request=1, registration=1, group="unread")
        # Named again in each answer: more than a socket and the relay's buffer hold.
        datum = "x" * 1000
        asked = [M.Receive(request=2 + i, registration=1, data_id=datum, index=i) for i in range(count)]
        connection.send(M.ProcessFrame(hello=hello), M.ProcessFrame(register_reader=reader))
        connection.send(*[M.ProcessFrame(receive=each) for each in asked])
        try:
            # Is served after all of that.
            self.process.ask("receive", registration=99, data_id="none", timeout_nanos=0)
        except Failed:
            pass
        connection.send(M.ProcessFrame(farewell=M.Farewell()))
        for reply in connection.replies():
            kind = reply.WhichOneof("frame")
            said[kind] = said.get(kind, 0) + 1
        connection.close()
        return said

    def raw(self, written):
        """On a connection of its own: what is written as it is, and what comes until the relay ends it."""
        connection, said = Connection(self.process.path), []
        connection.socket.settimeout(LONGEST)
        connection.write(bytes.fromhex(written))
        for reply in connection.replies():
            kind = reply.WhichOneof("frame")
            said.append({"code": reply.farewell.code, "message": reply.farewell.message} if kind == "farewell" else kind)
        connection.close()
        return said


def main(path, name):
    verbs = Verbs(Process(path, name))
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            answer = getattr(verbs, verb)(*arguments)
        except (Failed, Lost, Stale) as why:
            answer = {type(why).__name__.lower(): str(why)}
        print(json.dumps(answer), flush=True)
    os._exit(0)


if __name__ == "__main__":
    M = Messages(sys.argv[1])
    main(*sys.argv[2:])
