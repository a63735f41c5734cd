#!/usr/bin/env python3
"""Hostile bytes on both sides of a proxy: random, mutated and cut messages from clients and from servers.

usage: hostile.py PROGRAM [--rounds N] [--seed N] [--config EXTRA]

Starts PROGRAM (anything with HAProxy's command line) on a configuration with an HTTP and a TCP frontend whose
servers answer with whatever the dice say, throws N exchanges at it, and then asks: is it still the same process,
does an honest request pass, are the descriptors back to what they were, has memory stayed bounded? Prints TAP.
Everything stays on 127.0.0.1; ports are those that the kernel gives.
"""
import argparse
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from ports import listening  # noqa: E402
from processes import descriptors, resident  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait  # noqa: E402

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /x?y=1 HTTP/1.0\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"GET /w HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nraw",
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
    b"GET /deny HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
]
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil close",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02ok",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"z" * 70000,
    b"HTTP/1.1 500 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
]
PIECES = [b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"\t", b"Content-Length: 18446744073709551616\r\n",
          b"Transfer-Encoding: chunked\r\n", b"Content-Length: -1\r\n", b"ffffffffffffffff\r\n", b"0\r\n\r\n",
          b"HTTP/1.1 ", b"A" * 300, b"\xff\xfe", b"X: " + b"y" * 9000 + b"\r\n", b"a: b\r\n" * 120, b"%", b"Host: b\r\n"]


def mutate(dice, data):
    """A few random edits: bytes changed, cut out, doubled, pieces put in; sometimes nothing or only noise."""
    kind = dice.random()
    if kind < 0.15:
        return data
    if kind < 0.25:
        return dice.randbytes(dice.randrange(1, 3000))
    data = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(data) + 1)
        what = dice.random()
        if what < 0.3 and at < len(data):
            data[at] = dice.randrange(256)
        elif what < 0.5:
            del data[at:at + dice.randrange(1, 20)]
        elif what < 0.6:
            data[at:at] = data[at:at + 50]
        else:
            data[at:at] = dice.choice(PIECES)
    return bytes(data)


def send_dice(dice, sock, data):
    """In pieces of random sizes, now and then with a pause; ends by FIN, RST or silence."""
    while data:
        n = len(data) if dice.random() < 0.5 else dice.randrange(1, min(len(data), 400) + 1)
        sock.sendall(data[:n])
        data = data[n:]
        if dice.random() < 0.02:
            time.sleep(0.002)
    end = dice.random()
    if end < 0.25:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif end < 0.5:
        sock.shutdown(socket.SHUT_WR)


def serve(listener, seed, honest):
    """A server of the backend: reads a little and answers what the dice give, or honestly when asked to."""
    number = 0
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        number += 1
        threading.Thread(target=answer, args=(sock, random.Random(seed * 1000003 + number), honest), daemon=True).start()


def answer(sock, dice, honest):
    try:
        sock.settimeout(2)
        while True:
            data = sock.recv(65536)
            if not data:
                break
            if honest.is_set() or b"honest" in data:
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhonest")
                continue
            send_dice(dice, sock, mutate(dice, dice.choice(RESPONSES)))
            if dice.random() < 0.5:
                break
    except OSError:
        pass
    finally:
        sock.close()


def attack(port, dice):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as sock:
            send_dice(dice, sock, mutate(dice, dice.choice(REQUESTS)))
            sock.settimeout(0.05 if dice.random() < 0.9 else 0.5)
            while sock.recv(65536):
                pass
    except OSError:
        pass


def honest_request(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(b"GET /honest HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        data = b""
        while True:
            more = sock.recv(65536)
            if not more:
                return data
            data += more


CONFIG = """
global
    maxconn 500
    nbthread {threads}
    stats socket {dir}/cli level admin
defaults
    timeout connect 500ms
    timeout client 700ms
    timeout server 700ms
    timeout http-request 700ms
    timeout tunnel 700ms
    retries 1
    option redispatch
frontend web
    mode http
    bind fd@{web}
    option forwardfor
    http-request deny if {{ path /deny }}
    http-request set-header X-Seen %[path]
    http-response set-header X-Out %[status]
    default_backend app
frontend raw
    mode tcp
    bind fd@{raw}
    default_backend app_raw
backend app
    mode http
    server a 127.0.0.1:{a}
    server b 127.0.0.1:{b}
backend app_raw
    mode tcp
    server a 127.0.0.1:{a}
"""


class Proxy:
    def __init__(self, program, folder, threads):
        self.web, self.raw = listening(512), listening(512)
        self.servers = [listening(512), listening(512)]
        self.honest = threading.Event()
        for i, s in enumerate(self.servers):
            threading.Thread(target=serve, args=(s, i + 1, self.honest), daemon=True).start()
        path = os.path.join(folder, "hostile.cfg")
        with open(path, "w") as f:
            f.write(CONFIG.format(web=self.web.fileno(), raw=self.raw.fileno(), dir=folder, threads=threads,
                                  a=self.servers[0].getsockname()[1], b=self.servers[1].getsockname()[1]))
        self.errors = open(os.path.join(folder, "stderr"), "w+b")
        self.process = subprocess.Popen([program, "-db", "-f", path], pass_fds=[self.web.fileno(), self.raw.fileno()],
                                        stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        self.web_port, self.raw_port = self.web.getsockname()[1], self.raw.getsockname()[1]
        self.cli = os.path.join(folder, "cli")

    def descriptors(self):
        return descriptors(self.process.pid)

    def resident(self):
        return resident(self.process.pid)

    def serves(self):
        return honest_request(self.web_port).startswith(b"HTTP/1.1 200")

    def attack_cli(self, dice):
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(0.1)
                sock.connect(self.cli)
                send_dice(dice, sock, mutate(dice, b"show stat; show info; help\nprompt\nset server a/b state\n") + b"\n")
                while sock.recv(65536):
                    pass
        except OSError:
            pass


def main():
    args = argparse.ArgumentParser()
    args.add_argument("program")
    args.add_argument("--rounds", type=int, default=1500)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--label", default="")
    args = args.parse_args()
    tap = Tap((args.label + " hostile").strip())
    with tempfile.TemporaryDirectory() as folder:
        proxy = Proxy(args.program, folder, args.threads)
        tap.check("an honest request passes before", wait(lambda: proxy.process.poll() is not None or proxy.serves()) and proxy.process.poll() is None)
        time.sleep(0.3)
        fds, memory = proxy.descriptors(), proxy.resident()

        def rounds(first, step):
            for i in range(first, args.rounds, step):
                dice = random.Random(args.seed * 7919 + i)
                attack(proxy.raw_port if i % 5 == 0 else proxy.web_port, dice)
                if i % 50 == 0:
                    proxy.attack_cli(dice)

        threads = [threading.Thread(target=rounds, args=(n, 8)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        tap.check("%d hostile exchanges did not end the process" % args.rounds, proxy.process.poll() is None,
              "exit status %s" % proxy.process.poll())
        if proxy.process.poll() is None:
            proxy.honest.set()
            try:
                good = honest_request(proxy.web_port)
            except OSError as e:
                good = str(e).encode()
            tap.check("an honest request passes after", good.endswith(b"honest"), good[:200])
            tap.check("descriptors are given back", wait(lambda: proxy.descriptors() <= fds + 20), "%d, now %d" % (fds, proxy.descriptors()))
            tap.check("memory stays bounded", proxy.resident() < memory + (64 << 20), "%d, now %d" % (memory, proxy.resident()))
            proxy.process.send_signal(signal.SIGUSR1)
            try:
                status = proxy.process.wait(15)
            except subprocess.TimeoutExpired:
                status = "still there"
                proxy.process.kill()
            tap.check("a soft stop ends it with status 0", status == 0, status)
        proxy.errors.seek(0)
        text = proxy.errors.read().decode(errors="replace")
        tap.check("no report of a sanitizer", "Sanitizer" not in text and "runtime error" not in text, text[-3000:])
        for sock in proxy.servers + [proxy.web, proxy.raw]:
            sock.close()
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
