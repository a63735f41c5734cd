#!/usr/bin/env python3
"""Servers and backends that come and go under load: none of many requests may be lost, and nothing is left of servers that were removed.

usage: servers.py PROGRAM [--rounds N]

Several sessions of the runtime API add servers (some checked, some with expressions, some tracking), put them into service, take them
out and remove them, while clients with and without keep-alive send requests. Prints TAP; stays on 127.0.0.1 and unix sockets.
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
from control import ask  # noqa: E402
from waiting import wait  # noqa: E402

CONFIG = """
global
    stats socket {dir}/sock level admin
    nbthread 4
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    retries 3
    option redispatch
defaults templ
    mode http
    balance {algorithm}
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    option redispatch
    http-request set-header x-to %[be_name]
frontend fe from templ
    bind {dir}/front
    use_backend %[req.hdr(b)]
    default_backend be
backend be from templ
    balance {algorithm}
    http-reuse always
    server s1 {dir}/origin check inter 50
    server s2 {dir}/origin
frontend origin from templ
    bind {dir}/origin
    http-request return status 200 content-type text/plain string ok
"""
ALGORITHMS = ["roundrobin", "leastconn", "first", "random", "source\n    hash-type consistent"]
OPTIONS = ["", " check inter 20", " track be/s1", " maxconn 2 weight 7", " backup"]
failures = []


class Load(threading.Thread):
    """One client: every other one closes each connection."""

    def __init__(self, path, keeps, stop):
        super().__init__()
        self.path, self.keeps, self.stop_asked, self.done, self.lost = path, keeps, stop, 0, []
        self.start()

    def answer(self, s):
        got = b""
        while not got.endswith(b"ok"):
            part = s.recv(4096)
            if not part:
                raise OSError("ended after %r" % got)
            got += part
        if not got.startswith(b"HTTP/1.1 200"):
            raise OSError(got[:40])

    def run(self):
        while not self.stop_asked.is_set():
            try:
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(60)
                    s.connect(self.path)
                    for _ in range(20 if self.keeps else 1):
                        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nB: b%d-%d\r\n%s\r\n" % (self.done % 2, self.done // 9 % 15, b"" if self.keeps else b"Connection: close\r\n"))
                        self.answer(s)
                        self.done += 1
            except OSError as e:
                self.lost.append(str(e))


def expect(text, wanted, what):
    if wanted not in text:
        failures.append("%s: %s" % (what, text.strip()[:100]))


def remove(sock, name):
    deadline = time.time() + 60
    while True:
        text = ask(sock, "del server be/" + name)
        if "still has connections" not in text:
            expect(text, "Server deleted.", "del")
            return
        if time.time() > deadline:
            failures.append("del: " + text.strip())
            return


def operator(sock, number, rounds):
    for i in range(rounds):
        name = "d%d-%d" % (number, i)
        options = OPTIONS[(number + i) % len(OPTIONS)]
        expect(ask(sock, "add server be/%s %s%s" % (name, sock.replace("/sock", "/origin"), options)), "New server registered.", "add")
        ask(sock, "enable health be/%s; enable server be/%s" % (name, name))
        expect(ask(sock, "show servers state be"), " %s " % name, "show")
        ask(sock, "show stat be 4 -1; show sess; get weight be/" + name)
        ask(sock, "disable server be/" + name)
        remove(sock, name)


def backend_operator(sock, number, rounds):
    origin = sock.replace("/sock", "/origin")
    for i in range(rounds):
        name = "b%d-%d" % (number, i)
        expect(ask(sock, "add backend %s from templ guid g-%s" % (name, name)), "New backend registered.", "add backend")
        expect(ask(sock, "add server %s/s %s%s" % (name, origin, OPTIONS[i % 2])), "New server registered.", "add server")
        ask(sock, "enable health %s/s; enable server %s/s; publish backend %s" % (name, name, name))
        expect(ask(sock, "show stat %s -1 -1; dump stats-file" % name), name + ",BACKEND", "show stat")
        ask(sock, "unpublish backend " + name)
        expect(ask(sock, "del backend " + name), "Only a backend without server", "del with a server")
        ask(sock, "disable server %s/s" % name)
        expect(ask(sock, "wait 60s srv-removable %s/s; del server %s/s" % (name, name)), "Server deleted.", "del server")
        expect(ask(sock, "wait 60s be-removable %s; del backend %s" % (name, name)), "Backend deleted.", "del backend")


def listens(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def trial(program, algorithm, rounds):
    with tempfile.TemporaryDirectory(prefix="lbd-servers-") as folder:
        conf, sock = os.path.join(folder, "cfg"), os.path.join(folder, "sock")
        with open(conf, "w") as f:
            f.write(CONFIG.format(dir=folder, algorithm=algorithm))
        p = subprocess.Popen([program, "-db", "-f", conf], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for name in "sock", "front", "origin":
            wait(lambda name=name: p.poll() is not None or listens(os.path.join(folder, name)), pause=0.01)
        stop = threading.Event()
        load = [Load(os.path.join(folder, "front"), i % 2 == 0, stop) for i in range(4)]
        operators = [threading.Thread(target=operator, args=(sock, i, rounds)) for i in range(3)]
        operators += [threading.Thread(target=backend_operator, args=(sock, i, rounds)) for i in range(2)]
        for t in operators:
            t.start()
        for t in operators:
            t.join()
        expect(ask(sock, "show backend"), "# name\nbe\n\n", "left")
        left = re.findall(r"^\d+ be \d+ (\S+)", ask(sock, "show servers state be"), re.M)
        stop.set()
        for t in load:
            t.join()
        p.send_signal(signal.SIGUSR1)
        err = p.communicate(timeout=60)[1].decode(errors="replace")
        if p.returncode or "Sanitizer" in err:
            failures.append("status %d\n%s" % (p.returncode, err[-3000:]))
        if left != ["s1", "s2"]:
            failures.append("left: " + " ".join(left))
        failures.extend("request: " + text for t in load for text in t.lost[:3])
        return sum(t.done for t in load)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    print("1..%d" % len(ALGORITHMS))
    bad = 0
    for number, algorithm in enumerate(ALGORITHMS, 1):
        failures.clear()
        done = trial(os.path.abspath(args.program), algorithm, args.rounds)
        name = algorithm.split()[0]
        print("%s %d - %s: servers and backends came and went, %s requests" % ("not ok" if failures else "ok", number, name, done))
        for text in failures[:5]:
            print("\n".join("# " + line for line in text.splitlines()[:60]))
        bad += bool(failures)
        sys.stdout.flush()
    return bad != 0


sys.exit(main())
