#!/usr/bin/env python3
"""Clients that flood, dribble, stop half way, send too much or rubbish, never read and take every
descriptor: the owner is answered all the while, and his job ends the same."""
import os
import resource
import socket
import time

from suite import Site, comes_true, digits_job, folder, run_suite, undisturbed

NOBODY = 65534
attack_seconds = 1.0
answer_seconds_max = 2.0
hash_of_nothing = "0" * 64

REQUESTS = [
    b"GET /v1/jobs HTTP/1.1\r\nHost: ampd\r\n\r\n",
    b"GET /v1/jobs/1/trials HTTP/1.1\r\nHost: ampd\r\n\r\n",
    b"POST /v1/jobs HTTP/1.1\r\nHost: ampd\r\nContent-Length: 40\r\n\r\n" + b"{" * 40,
    f"PUT /v1/blobs/{hash_of_nothing} HTTP/1.1\r\nHost: ampd\r\nContent-Length: 100\r\n\r\n".encode() + b"x" * 100,
]


class Attack:
    """One kind of client at its work, on `connections` connections at once."""

    def __init__(self, path, random, connections):
        self.path, self.random, self.connections = str(path), random, connections

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(0.2)
        client.connect(self.path)
        return client

    def send(self, client, data):
        """Whether the daemon still listens."""
        try:
            client.sendall(data)
            return True
        except OSError:
            return False

    def open(self):
        clients = []
        for _ in range(self.connections):
            try:
                clients.append(self.connect())
            except OSError:
                break
        return clients

    def until_over(self, step):
        end = time.monotonic() + attack_seconds
        while time.monotonic() < end:
            step()

    def flood(self):
        clients = self.open()

        def step():
            for client in clients:
                self.send(client, self.random.choice(REQUESTS[:2]))
                try:
                    client.recv(1 << 16)
                except OSError:
                    pass
        self.until_over(step)

    def dribble(self):
        clients = self.open()
        request = self.random.choice(REQUESTS)
        position = 0

        def step():
            nonlocal position
            for client in clients:
                self.send(client, request[position:position + 1])
            position = min(position + 1, len(request) - 1)
            time.sleep(0.05)
        self.until_over(step)

    def break_off(self):
        def step():
            request = self.random.choice(REQUESTS)
            client = self.connect()
            self.send(client, request[:self.random.randrange(len(request))])
            client.close()
        self.until_over(step)

    def send_too_much(self):
        def step():
            client = self.connect()
            which = self.random.randrange(4)
            if which == 0:
                self.send(client, b"GET /" + b"a" * (1 << 20))
            elif which == 1:
                self.send(client, b"GET / HTTP/1.1\r\n" + b"X-Header: value\r\n" * 20_000)
            elif which == 2:
                self.send(client, b"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n" + b"x" * (1 << 20))
            else:
                self.send(client, b"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                while self.send(client, b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"):
                    pass
            client.close()
        self.until_over(step)

    def talk_rubbish(self):
        def step():
            client = self.connect()
            self.send(client, self.random.randbytes(self.random.randrange(1, 5000)))
            client.close()
        self.until_over(step)

    def never_read(self):
        clients = self.open()

        def step():
            for client in clients:
                client.setblocking(False)
                self.send(client, REQUESTS[0] * 50)
            time.sleep(0.02)
        self.until_over(step)

    def hold(self):
        clients = self.open()
        self.until_over(lambda: time.sleep(0.05))
        return clients


ATTACKS = ["flood", "dribble", "break_off", "send_too_much", "talk_rubbish", "never_read", "hold"]


def attacker(site, random, name, connections, is_other_user):
    """The process that attacks."""
    pid = os.fork()
    if pid != 0:
        return pid
    code = 1
    try:
        if is_other_user:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        getattr(Attack(site.socket, random, connections), name)()
        code = 0
    except OSError:
        code = 0
    finally:
        os._exit(code)


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answers(site, what):
    started = time.monotonic()
    answer = site.ctl("list")
    seconds = time.monotonic() - started
    assert answer.returncode == 0, f"while clients {what}: {answer.stderr}"
    assert seconds < answer_seconds_max, f"while clients {what}, list takes {seconds:.1f} s"


def attack(site, random, name, connections, is_other_user):
    pid = attacker(site, random, name, connections, is_other_user)
    try:
        end = time.monotonic() + 0.8 * attack_seconds
        while time.monotonic() < end:
            answers(site, name)
            time.sleep(0.1)
    finally:
        _, status = os.waitpid(pid, 0)
    assert status == 0, f"the attacker {name} failed itself"


def take_every_descriptor(site, random, is_other_user):
    """The daemon can open nothing more for a while: it must neither spin nor end."""
    pid = site.daemon.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    count = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count + 2, before[1]))
    try:
        child = attacker(site, random, "hold", 30, is_other_user)
        used = processor_seconds(pid)
        os.waitpid(child, 0)
        used = processor_seconds(pid) - used
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert used < 0.7 * attack_seconds, f"without descriptors the daemon spins: {used:.2f} s of {attack_seconds} s"
    assert comes_true(lambda: site.ctl("list").returncode == 0, 5), "the daemon does not recover from the lack of descriptors"


def job_state(site):
    return (site.job("digits") or {}).get("state")


def torment(build, random, is_control, left):
    expected = undisturbed(build)
    is_root = os.geteuid() == 0
    tried = 0
    with folder() as place:
        place.chmod(0o711)
        site = Site(build, place)
        site.configure("trials_together: 1")
        try:
            site.start()
            site.socket.chmod(0o666)
            site.submit(digits_job(place / "job.yaml"))
            while tried < min(left, 20):
                if is_control:
                    attack(site, random, "hold", 100, False)
                elif random.random() < 0.2:
                    take_every_descriptor(site, random, is_root)
                else:
                    attack(site, random, random.choice(ATTACKS), 100 if is_root else 30, is_root)
                tried += 1
            if job_state(site) == "paused":
                site.ctl("resume", "digits")
            assert comes_true(lambda: job_state(site) not in ("queued", "running"), 120), "the job does not end"
            assert site.dump() == expected, "the tables differ"
        finally:
            site.kill()
    return tried


if __name__ == "__main__":
    run_suite(torment)
