#!/usr/bin/env python3
"""Reloads under load: none of many requests may be lost while one process takes over from the other.

usage: storm.py PROGRAM [--requests N] [--reloads N]

Each request has a connection of its own; a refused, reset or unanswered one is lost. Each reload starts PROGRAM with
-sf and, in turn, with and without -x. At the end only the last process is left. Prints TAP; stays on 127.0.0.1.
"""
import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from ports import free_port  # noqa: E402
from processes import alive  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait  # noqa: E402

CONFIG = """
global
    stats socket {dir}/sock level admin expose-fd listeners
    hard-stop-after 5s
defaults
    mode http
    timeout connect 1s
    timeout client 2s
    timeout server 1s
frontend fe
    bind 127.0.0.1:{port}
    default_backend be
backend be
    server s1 {dir}/origin
frontend origin
    bind {dir}/origin
    http-request return status 200 content-type text/plain string ok
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Load:
    def __init__(self, port):
        self.port, self.done, self.lost = port, 0, []
        self.stop, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(3)]
        for t in self.threads:
            t.start()

    def request(self):
        with socket.create_connection(("127.0.0.1", self.port), 3) as s:
            s.settimeout(3)
            s.sendall(REQUEST)
            answer = b""
            while True:
                part = s.recv(1000)
                if not part:
                    return answer
                answer += part

    def run(self):
        while not self.stop.is_set():
            try:
                answer = self.request()
                error = None if answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"ok") else repr(answer[:80])
            except OSError as e:
                error = repr(e)
            with self.lock:
                self.done += 1
                if error:
                    self.lost.append(error)

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()


class Service:
    def __init__(self, program, folder):
        self.program, self.dir, self.pids, self.port = program, folder, [], free_port()
        with open(f"{folder}/cfg", "w") as f:
            f.write(CONFIG.format(dir=folder, port=self.port))

    def start(self, *more):
        subprocess.run([self.program, "-D", "-p", f"{self.dir}/pid", "-f", f"{self.dir}/cfg", *more],
                       check=True, timeout=20, stdout=subprocess.DEVNULL)
        with open(f"{self.dir}/pid") as f:
            self.pids.append(int(f.read()))

    def reload(self, i):
        handover = ["-x", f"{self.dir}/sock"] if i % 2 == 0 else []
        self.start(*handover, "-sf", str(self.pids[-1]))

    def old_ones_gone(self, limit=8.0):
        return wait(lambda: not any(map(alive, self.pids[:-1])), limit)

    def end(self):
        for pid in self.pids:
            if alive(pid):
                os.kill(pid, signal.SIGTERM)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--requests", type=int, default=10000)
    parser.add_argument("--reloads", type=int, default=20)
    args = parser.parse_args()
    tap = Tap("storm")
    with tempfile.TemporaryDirectory(prefix="lbd-storm.") as folder:
        service = Service(args.program, folder)
        service.start()
        load = Load(service.port)
        try:
            for i in range(args.reloads):
                goal = args.requests * (i + 1) // (args.reloads + 1)
                while load.done < goal and len(load.lost) < 100:
                    time.sleep(0.01)
                service.reload(i)
            while load.done < args.requests and len(load.lost) < 100:
                time.sleep(0.01)
        finally:
            load.end()
            gone = service.old_ones_gone()
            service.end()
        tap.check(f"none lost of {load.done} requests during {args.reloads} reloads", not load.lost, "\n".join(load.lost[:10]))
        tap.check("old processes have ended", gone)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
