#!/usr/bin/env python3
"""Reloads of a master process under load: short, long and upgraded connections, of which none may fail; memory that stays flat.

usage: master.py PROGRAM [--reloads N] [--in-process] [--backends N]

Short connections carry one request; long ones many, until an answer says that it is the last; upgraded ones echo for a while and
outlive reloads. --backends adds so many. Reloads are asked for by signal and by the master's socket in turn; every tenth has a file that is broken. With
--in-process the worker takes over each by itself, else each starts a new one. Prints TAP with the figures; stays on 127.0.0.1 and in
a temporary folder.
"""
import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask_if_there  # noqa: E402
from ports import free_port  # noqa: E402
from processes import descriptors, resident  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait  # noqa: E402

CONFIG = """
global
    stats socket {dir}/stats level admin
    hard-stop-after 20s
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout tunnel 20s
frontend fe
    bind 127.0.0.1:{port}
    option idle-close-on-response
    use_backend echo if {{ hdr(upgrade) -m found }}
    default_backend be
backend be
    server s1 {dir}/inner
backend echo
    server s1 {dir}/echo
frontend inner
    bind {dir}/inner
    http-request return status 200 content-type text/plain string generation-{generation}
"""
BACKEND = """
backend b{n}
    server s1 127.0.0.1:{port}
"""
WAIT = 20


class Echo:
    """The server behind upgraded connections."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.bind(path)
        self.s.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.s.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    @staticmethod
    def serve(c):
        with c:
            head = b""
            while b"\r\n\r\n" not in head:
                part = c.recv(4096)
                if not part:
                    return
                head += part
            c.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
            while part := c.recv(4096):
                c.sendall(part)


class Client(threading.Thread):
    """Makes connections of one kind until it is stopped."""

    def __init__(self, load):
        super().__init__()
        self.load, self.done, self.failed = load, 0, []

    def run(self):
        while not self.load.stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.load.port), WAIT) as s:
                    s.settimeout(WAIT)
                    self.connection(s)
            except (OSError, ValueError) as e:
                self.failed.append("%s: %r" % (type(self).__name__, e))

    def answer(self, s, want):
        """Reads one answer with a length; says whether the connection stays."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = s.recv(4096)
            if not part:
                raise ValueError("closed after %r" % data[:60])
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while len(body) < length:
            part = s.recv(4096)
            if not part:
                raise ValueError("closed within a body")
            body += part
        if not head.startswith(b"HTTP/1.1 200") or not body.startswith(want):
            raise ValueError("answer %r" % data[:80])
        self.done += 1
        return not re.search(rb"(?i)connection: close", head)


class Short(Client):
    def connection(self, s):
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.answer(s, b"generation-")


class Long(Client):
    def connection(self, s):
        while not self.load.stop.is_set():
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            if not self.answer(s, b"generation-"):
                return
            time.sleep(0.002)


class Upgraded(Client):
    def connection(self, s):
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
        data = b""
        while b"\r\n\r\n" not in data:
            part = s.recv(4096)
            if not part:
                raise ValueError("closed instead of upgraded")
            data += part
        if not data.startswith(b"HTTP/1.1 101"):
            raise ValueError("answer %r" % data[:60])
        until = self.load.reloads + 3
        while self.load.reloads < until and not self.load.stop.is_set():
            s.sendall(b"ping")
            got = b""
            while len(got) < 4:
                part = s.recv(4 - len(got))
                if not part:
                    raise ValueError("tunnel closed")
                got += part
            self.done += 1
            time.sleep(0.005)


class Load:
    def __init__(self, port):
        self.port, self.stop, self.reloads = port, threading.Event(), 0
        self.clients = [kind(self) for kind in (Short, Short, Long, Long, Upgraded, Upgraded)]
        for c in self.clients:
            c.start()

    def end(self):
        self.stop.set()
        for c in self.clients:
            c.join()

    def done(self, kind):
        return sum(c.done for c in self.clients if isinstance(c, kind))

    def failed(self):
        return [e for c in self.clients for e in c.failed]


class Master:
    def __init__(self, program, folder, backends):
        self.dir = folder
        self.more = "".join(BACKEND.format(n=n, port=n % 60000 + 1) for n in range(backends))
        self.port = free_port()
        self.write(0)
        self.log = open(folder + "/log", "wb")
        self.p = subprocess.Popen([program, "-W", "-db", "-S", folder + "/master", "-f", folder + "/cfg"], stdout=self.log, stderr=self.log)
        self.until(lambda: self.reloads() == 0)

    def write(self, generation, broken=False):
        with open(self.dir + "/cfg", "w") as f:
            f.write(CONFIG.format(dir=self.dir, port=self.port, generation=generation) + self.more + ("nonsense\n" if broken else ""))

    def ask(self, command):
        return ask_if_there(self.dir + "/master", command, WAIT)

    def row(self, pattern):
        found = re.search(pattern, self.ask("show proc"), re.M)
        return int(found.group(1)) if found else None

    def reloads(self):
        return self.row(r"^\d+ +master +(\d+) ")

    def worker(self):
        return self.row(r"^# workers\n(\d+) ")

    def until(self, what):
        end = time.time() + WAIT
        while not what():
            if time.time() > end or self.p.poll() is not None:
                raise SystemExit("not ok - reload: the master does not answer: " + open(self.dir + "/log").read()[-2000:])
            time.sleep(0.005)

    def reload(self, n):
        self.write(n, broken=n % 10 == 0)
        if n % 2:
            self.p.send_signal(signal.SIGUSR2)
        else:
            self.ask("reload")
        self.until(lambda: self.reloads() == n)

    def old_workers(self):
        return "# old workers" in self.ask("show proc")

    def end(self):
        self.p.send_signal(signal.SIGTERM)
        try:
            self.p.wait(WAIT)
        finally:
            self.p.kill()
            self.log.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--reloads", type=int, default=1000)
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--backends", type=int, default=0)
    args = parser.parse_args()
    os.environ["LBD_RELOAD"] = "in-process" if args.in_process else "process"
    tap = Tap("reload")

    def figures():
        """Kilobytes of the master and of its worker, descriptors of the master."""
        return resident(master.p.pid) >> 10, resident(master.worker()) >> 10, descriptors(master.p.pid)

    with tempfile.TemporaryDirectory(prefix="lbd-master.") as folder:
        Echo(folder + "/echo")
        master = Master(os.path.abspath(args.program), folder, args.backends)
        load = Load(master.port)
        times, first, settle, pids = [], None, min(10, args.reloads // 2), set()
        try:
            for n in range(1, args.reloads + 1):
                began = time.time()
                master.reload(n)
                times.append(time.time() - began)
                load.reloads = n
                # A reload may take a millisecond: the load keeps up.
                master.until(lambda: min(load.done(kind) for kind in (Short, Long, Upgraded)) > (n - 1) // 2 or load.failed())
                if n % 25 == 1:
                    master.until(lambda: master.worker())
                    pids.add(master.worker())
                if n == settle:
                    master.until(lambda: master.worker())
                    first = figures()
            load.end()
            master.until(lambda: not master.old_workers())
            wait(lambda: figures()[1] < first[1] * 1.25 + 1024, WAIT, 0.05)  # older generations go within a second
            last = figures()
        finally:
            load.end()
            master.end()
        errors, done = load.failed(), [load.done(kind) for kind in (Short, Long, Upgraded)]
        tap.check("%d failures of %d requests (%d short, %d long, %d through tunnels) during %d reloads" %
                  (len(errors), sum(done), *done, args.reloads), not errors, "\n".join(errors[:10]))
        tap.check("there was load of every kind", min(done) > args.reloads // 2)
        tap.check("memory of the master stays: %d and %d kB" % (first[0], last[0]), last[0] < first[0] * 1.1 + 512)
        if args.in_process:
            tap.check("the worker stays the same", len(pids) == 1)
        tap.check("memory of a worker stays: %d and %d kB" % (first[1], last[1]), last[1] < first[1] * 1.25 + 1024)
        tap.check("descriptors of the master stay: %d and %d" % (first[2], last[2]), last[2] <= first[2] + 1)
        times.sort()
        print("# time of a reload: median %.0f ms, longest %.0f ms" % (times[len(times) // 2] * 1000, times[-1] * 1000))
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
