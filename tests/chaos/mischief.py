"""A worker between the daemon and the real one, which misbehaves once whenever it finds an order to.

It passes everything on in both directions, frame by frame. When the file `mischief` appears in its
folder it takes the file away and does what stands in it with the worker's next reply.
"""
import array
import os
import pathlib
import resource
import select
import signal
import socket
import struct
import sys
import time

connection_of_worker = 3
header = struct.Struct("<4sII")


class Stream:
    """Frames of a socket, with the descriptors that travel with them."""

    def __init__(self, connection):
        self.connection, self.bytes, self.descriptors = connection, b"", []

    def read(self):
        """Whether the stream goes on."""
        data, descriptors, _, _ = socket.recv_fds(self.connection, 1 << 16, 253)
        self.bytes += data
        self.descriptors += descriptors
        return bool(data)

    def frames(self):
        while len(self.bytes) >= header.size:
            _, size, count = header.unpack_from(self.bytes)
            if len(self.bytes) < header.size + size:
                return
            frame, self.bytes = self.bytes[:header.size + size], self.bytes[header.size + size:]
            descriptors, self.descriptors = self.descriptors[:count], self.descriptors[count:]
            yield frame, descriptors


def send(connection, data, descriptors=()):
    if descriptors:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        data = data[connection.sendmsg([data], rights):]
        for descriptor in descriptors:
            os.close(descriptor)
    connection.sendall(data)


def linger():
    while True:
        signal.pause()


def exhaust_memory():
    taken = []
    while True:
        taken.append(bytearray(os.urandom(1 << 20) * 8))


def flood_stderr():
    for _ in range(2000):
        os.write(2, b"the worker complains at length, again and again\n" * 100)
    os._exit(3)


def stand_still(daemon, frame):
    os.kill(os.getpid(), signal.SIGSTOP)
    send(daemon, frame)


def delay(daemon, frame):
    time.sleep(0.3)
    send(daemon, frame)


KINDS = {
    "crash": lambda daemon, frame, first: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": lambda daemon, frame, first: os.kill(os.getpid(), signal.SIGABRT),
    "leave": lambda daemon, frame, first: os._exit(0),
    "half": lambda daemon, frame, first: (send(daemon, frame[:len(frame) // 2]), os._exit(0)),
    "garbage": lambda daemon, frame, first: (send(daemon, os.urandom(5000)), linger()),
    "huge": lambda daemon, frame, first: (send(daemon, header.pack(b"AMPD", 0xffffffff, 0)), linger()),
    "no json": lambda daemon, frame, first: (send(daemon, header.pack(b"AMPD", 7, 0) + b"{\"a\": ["), linger()),
    "stale": lambda daemon, frame, first: send(daemon, (first or b"") + frame),
    "twice": lambda daemon, frame, first: send(daemon, frame + frame),
    "descriptors": lambda daemon, frame, first: (
        send(daemon, header.pack(b"AMPD", 2, 9) + b"{}", [os.dup(2) for _ in range(9)]), linger()),
    "silence": lambda daemon, frame, first: (daemon.close(), os.close(connection_of_worker), linger()),
    "flood": lambda daemon, frame, first: flood_stderr(),
    "memory": lambda daemon, frame, first: exhaust_memory(),
    "stop": lambda daemon, frame, first: stand_still(daemon, frame),
    "late": lambda daemon, frame, first: delay(daemon, frame),
}


def ordered(folder):
    """The kind of mischief that is wanted now; the order is gone with that."""
    path = folder / "mischief"
    try:
        os.rename(path, folder / "taken")
    except FileNotFoundError:
        return None
    return (folder / "taken").read_text()


def serve(worker, folder):
    folder = pathlib.Path(folder)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    daemon = socket.socket(fileno=os.dup(connection_of_worker))
    near, far = socket.socketpair()
    if os.fork() == 0:
        os.dup2(far.fileno(), connection_of_worker)
        os.set_inheritable(connection_of_worker, True)
        os.execv(worker, [worker, *sys.argv[1:]])
    far.close()
    orders, replies, first = Stream(daemon), Stream(near), None
    is_greeted = False
    while True:
        ready, _, _ = select.select([daemon, near], [], [])
        if daemon in ready:
            if not orders.read():
                os._exit(0)
            for frame, descriptors in orders.frames():
                send(near, frame, descriptors)
        if near in ready:
            if not replies.read():
                os._exit(1)
            for frame, descriptors in replies.frames():
                kind = ordered(folder) if is_greeted else None
                if kind:
                    KINDS[kind](daemon, frame, first)
                else:
                    send(daemon, frame, descriptors)
                if is_greeted:
                    first = first or frame
                is_greeted = True
