#!/usr/bin/env python3
"""Hostile HTTP/2 clients against lbd: floods, bombs, clients that do not read, connections cut at every byte, random frames.
h2.py LBD [--rounds N] [--seed N]: prints TAP. Each attack has to leave memory bounded and the process serving; those that
no honest client does have to lose their connection. Frames are made here by hand, so that they may be wrong."""
import argparse
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from processes import resident, work  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait_for_file  # noqa: E402

CONFIG = """
global
    tune.h2.fe.glitches-threshold 20
defaults
    mode http
    timeout client 2s
    timeout server 2s
    timeout connect 2s
frontend fe
    bind unix@{dir}/fe.sock proto h2
    http-request wait-for-body time 500ms if METH_POST
    http-request return status 200 content-type text/plain lf-string "glitches %[fc_glitches]" if {{ path /glitches }}
    http-request return status 200 content-type text/plain string "served"
"""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
ENHANCE_YOUR_CALM = 11
MOST_GROWTH = 24576  # kB
MOST_WORK = 1  # second of processor time for one attack; with sanitizers it is 0.02


def literal(name, value):
    """A field without indexing, without Huffman (RFC 7541 section 6.2.2)."""
    def text(data):
        data = data.encode("latin-1")
        n, out = len(data), []
        if n < 127:
            return bytes([n]) + data
        n -= 127
        while n >= 128:
            out.append(n % 128 + 128)
            n //= 128
        return bytes([127] + out + [n]) + data
    return b"\0" + text(name) + text(value)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def block(method="GET", path="/", more=()):
    fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a.org")] + list(more)
    return b"".join(literal(*f) for f in fields)


def request(stream, end=True, **kw):
    return frame(HEADERS, 4 | end, stream, block(**kw))


def frames(data):
    out = []
    while len(data) >= 9:
        n = int.from_bytes(data[:3], "big")
        out.append((data[3], data[4], int.from_bytes(data[5:9], "big") & 0x7FFFFFFF, data[9:9 + n]))
        data = data[9 + n:]
    return out


class Victim:
    def __init__(self, program):
        self.dir = tempfile.mkdtemp(prefix="h2.")
        with open(self.dir + "/cfg", "w") as f:
            f.write(CONFIG.format(dir=self.dir))
        self.process = subprocess.Popen([program, "--compat=3.4", "-db", "-f", self.dir + "/cfg"],
                                        stdout=subprocess.DEVNULL, stderr=open(self.dir + "/err", "w"))
        wait_for_file(self.dir + "/fe.sock", self.process)

    def connect(self, first=PREFACE + frame(SETTINGS, 0, 0)):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(5)
        s.connect(self.dir + "/fe.sock")
        s.sendall(first)
        return s

    def memory(self):
        """Kilobytes."""
        return resident(self.process.pid) >> 10

    def work(self):
        return work(self.process.pid)

    def serves(self, path="/"):
        try:
            return b"served" in self.exchange([request(1, path=path)])[0]
        except OSError:
            return False

    def exchange(self, pieces, wait=1.0, until=b"served"):
        """What came back, and whether the connection was ended by the other side."""
        s, got = self.connect(), b""
        try:
            for piece in pieces:
                s.sendall(piece)
        except OSError:
            pass
        s.settimeout(wait)
        try:
            while until not in got:
                data = s.recv(65536)
                if not data:
                    return got, True
                got += data
        except socket.timeout:
            return got, False
        except OSError:
            return got, True
        finally:
            s.close()
        return got, False

    def stop(self):
        self.process.send_signal(signal.SIGUSR1)  # an orderly end: what leaks is told
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        with open(self.dir + "/err") as f:
            report = f.read()
        shutil.rmtree(self.dir)
        return status, report


def attacks():
    """Name, pieces, must the connection end?"""
    big = b"\x40" + literal("x", "y" * 4000)[1:]
    reset = frame(RST, 0, 0, b"\0\0\0\x08")

    def rapid(n):
        return b"".join(request(s) + reset[:5] + struct.pack(">I", s) + reset[9:] for s in range(1 + 100 * n, 101 + 100 * n, 2))
    yield "rapid reset", (rapid(n) for n in range(100)), True
    yield "CONTINUATION without end", ([frame(HEADERS, 1, 1, block())] + [frame(CONTINUATION, 0, 1, literal("x", "y" * 16000))] * 200), True
    yield "empty CONTINUATION without end", [frame(HEADERS, 1, 1, block())] + [frame(CONTINUATION, 0, 1) * 100] * 100, True
    yield "SETTINGS, answers unread", [frame(SETTINGS, 0, 0, b"\0\x04\0\0\xff\xff") * 100] * 400, True
    yield "PING, answers unread", [frame(PING, 0, 0, b"12345678") * 100] * 400, None
    yield "WINDOW_UPDATE", [frame(WINDOW, 0, 0, b"\0\0\0\1") * 100] * 200, False
    yield "PRIORITY", (b"".join(frame(PRIORITY, 0, 1 + 2 * (100 * n + k), b"\0\0\0\0\1") for k in range(100)) for n in range(100)), False
    yield "HPACK bomb", (frame(HEADERS, 5, 1 + 2 * n, block() + (b"" if n else big) + b"\xbe" * 3000) for n in range(50)), None
    yield "empty DATA", [request(1, False, method="POST")] + [frame(DATA, 0, 1) * 100] * 200, False
    yield "DATA of one byte", [request(1, False, method="POST")] + [frame(DATA, 0, 1, b"x") * 100] * 500, False
    yield "streams without end", (request(1 + 2 * n, False, method="POST") for n in range(2000)), True
    yield "bodies that fill every window", (request(1 + 2 * n, False, method="POST") + frame(DATA, 0, 1 + 2 * n, b"x" * 16000) * 4
                                           for n in range(99)), False
    yield "windows of one byte", [frame(SETTINGS, 0, 0, b"\0\x04\0\0\0\1")] + [request(1 + 2 * n) for n in range(99)], False
    yield "windows of nothing", [frame(SETTINGS, 0, 0, b"\0\x04\0\0\0\0")] + [request(1 + 2 * n) for n in range(99)], False
    yield "glitches beyond the threshold", (request(1 + 2 * n, more=[("connection", "close")]) for n in range(30)), True


def slowly(victim, first, piece, until=None):
    """Whether the connection is ended, or answered, though something comes all the time, piece by piece."""
    s = victim.connect(PREFACE + frame(SETTINGS, 0, 0) + first)
    s.settimeout(0.1)
    got = b""
    end = time.monotonic() + 60
    try:
        while time.monotonic() < end:
            s.sendall(piece)
            try:
                data = s.recv(65536)
                got += data
                if not data or (until and until in got):
                    return not until or until in got
            except socket.timeout:
                pass
        return False
    except OSError:
        return not until
    finally:
        s.close()


def random_frames(rng):
    out = b""
    for _ in range(rng.randrange(1, 12)):
        kind, stream = rng.randrange(0, 11), rng.choice([0, 1, 1, 3, 5, 2, 0x7FFFFFFF])
        if rng.random() < 0.5:
            out += request(stream, rng.random() < 0.7, method=rng.choice(["GET", "POST", "CONNECT"]),
                           more=[(rng.choice(["x", "te", "content-length", "cookie", ":path", "X"]), rng.choice(["1", "", "a\r\nb", "trailers"]))])
        else:
            size = rng.choice([0, 4, 5, 6, 8, rng.randrange(0, 300)])
            out += frame(kind, rng.randrange(256), stream, rng.randbytes(size))
    if rng.random() < 0.3:
        at = rng.randrange(len(out))
        out = out[:at] + rng.randbytes(1) + out[at + 1:]
    return out


def main():
    args = argparse.ArgumentParser()
    args.add_argument("program")
    args.add_argument("--rounds", type=int, default=300)
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    victim, tap, rng = Victim(args.program), Tap("h2"), random.Random(args.seed)

    def check(ok, name, note=""):
        tap.check(name, ok, note)
    check(victim.serves(), "serves")
    for name, pieces, ends in attacks():
        before, worked = victim.memory(), victim.work()
        got, ended = victim.exchange(pieces, 0.3, b"\0none\0")
        growth, worked = victim.memory() - before, victim.work() - worked
        check(growth < MOST_GROWTH and worked < MOST_WORK and (ends is None or ended == ends) and victim.serves(), name,
              "memory +%d kB, %.2f s of work, ended %s" % (growth, worked, ended))
        if name.startswith("glitches"):
            codes = [struct.unpack(">I", p[4:8])[0] for kind, _, _, p in frames(got) if kind == GOAWAY]
            check(codes == [ENHANCE_YOUR_CALM], "they are told to be calm", str(codes))
    head = frame(HEADERS, 1, 1, block())  # without END_HEADERS
    check(slowly(victim, head, frame(CONTINUATION, 0, 1, literal("x", "y"))), "a head that comes field by field is waited for so long only")
    check(slowly(victim, head + b"\0\1\0", b""), "a frame that does not come whole is waited for so long only")
    check(slowly(victim, request(1, False, method="POST", path="/slow"), frame(DATA, 0, 1, b"x"), b"Request Time-out"), "a body that comes byte by byte is waited for so long only")
    check(victim.serves(), "serves after slow ones")
    got, _ = victim.exchange([request(1, more=[("connection", "close")]), request(3, path="/glitches")], until=b"glitches 1")
    check(b"glitches 1" in got, "fc_glitches counts", repr(got))
    whole = frame(SETTINGS, 1, 0) + request(1, False, method="POST", more=[("content-length", "3")]) + frame(DATA, 1, 1, b"abc") + request(3)
    for cut in range(len(whole) + 1):
        s = victim.connect(PREFACE + frame(SETTINGS, 0, 0) + whole[:cut])
        s.close()
    check(victim.serves(), "cut at each of %d bytes" % len(whole))
    for cut in range(len(PREFACE) + 9):
        victim.connect((PREFACE + frame(SETTINGS, 0, 0))[:cut]).close()
    check(victim.serves(), "cut within the preface")
    for _ in range(args.rounds):
        try:
            victim.exchange([random_frames(rng)], 0.001, b"\0none\0")
        except OSError:
            break
    check(victim.serves(), "%d rounds of random frames (seed %d)" % (args.rounds, args.seed))
    status, report = victim.stop()
    bad = "ERROR: " in report or "runtime error" in report or "WARNING: ThreadSanitizer" in report
    check(not bad and status == 0, "ends in order, without a report of a sanitizer", "status %d %s" % (status, report[:2000]))
    sys.exit(tap.plan())


if __name__ == "__main__":
    main()
