#!/usr/bin/env python3
"""Maps of a million lines: how long they take to load, and what memory they take, beside HAProxy where it is installed.

usage: maps.py PROGRAM [--lines N] [--oracle PATH] [--show]

Each kind of map is loaded by both programs in turn: ours must not take more memory than HAProxy, nor (with room for a busy machine)
more processor time, and find what HAProxy finds. Prints TAP.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import exchange  # noqa: E402
from processes import work  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait_for_file  # noqa: E402

CONFIG = """global
    nbthread 1
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend f
    bind unix@{socket} accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[{sample},map_{kind}({file},none)]"
"""


def write(kind, path, lines):
    dice = random.Random(3)
    with open(path, "w", encoding="ascii") as f:
        for i in range(lines):
            if kind == "str":
                f.write(f"host{i}.example{i % 997}.com backend{i % 1000}\n")
            elif kind == "beg":
                f.write(f"/p{i % 1000}/q{i}/ backend{i % 1000}\n")
            elif kind == "reg":
                f.write(f"^/r{i}/(a|b)*x{i}$ backend{i % 1000}\n")
            else:
                bits = dice.choice([32, 32, 24, 28, 16 + i % 16])
                n = i * 2654435761 & 0xffffffff & 0xffffffff << 32 - bits
                f.write(f"{n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}/{bits} backend{i % 1000}\n")


def ask(path, i):
    source = ".".join(str(i * 2654435761 >> s & 255) for s in (24, 16, 8, 0))
    head = f"GET /p{i % 1000}/q{i}/x HTTP/1.1\r\nHost: host{i}.example{i % 997}.com\r\nConnection: close\r\n\r\n"
    return exchange(path, f"PROXY TCP4 {source} 127.0.0.1 1 80\r\n{head}".encode()).rpartition(b"\r\n\r\n")[2]


def measure(program, kind, file, folder, lines):
    """Seconds of CPU, bytes of memory, what some look-ups say."""
    path = f"{folder}/s"
    with open(f"{folder}/cfg", "w", encoding="ascii") as f:
        f.write(CONFIG.format(socket=path, kind=kind, file=file, sample={"str": "hdr(host)", "ip": "src"}.get(kind, "path")))
    p = subprocess.Popen([program, "-q", "-db", "-f", f"{folder}/cfg"], stdin=subprocess.DEVNULL)
    try:
        wait_for_file(path, p)
        found = [ask(path, i) for i in (0, 1, 17, lines // 2, lines - 1, lines)]
        with open(f"/proc/{p.pid}/status", encoding="ascii") as f:
            peak = next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))
        return work(p.pid), peak, found
    finally:
        p.kill()
        p.wait()
        if os.path.exists(path):
            os.unlink(path)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("program")
    a.add_argument("--lines", type=int, default=1000000)
    a.add_argument("--oracle", default=shutil.which("haproxy"))
    a.add_argument("--show", action="store_true")
    args = a.parse_args()
    if not args.oracle:
        print("1..0 # SKIP haproxy is not installed")
        return 0
    tap = Tap("maps")
    for kind, lines in ("str", args.lines), ("beg", args.lines), ("ip", args.lines), ("reg", args.lines // 50):
        with tempfile.TemporaryDirectory(prefix="maps.") as folder:
            file = f"{folder}/map"
            write(kind, file, lines)
            ours, theirs = (measure(p, kind, file, folder, lines) for p in (os.path.abspath(args.program), args.oracle))
        what = (f"map_{kind} of {lines} lines: {ours[0]:.2f} s, {ours[1] >> 20} MB; HAProxy {theirs[0]:.2f} s, {theirs[1] >> 20} MB")
        good = ours[1] <= theirs[1] and ours[0] <= theirs[0] * 1.5 + 0.1 and ours[2] == theirs[2]
        tap.check(what, good, f"found {ours[2]}, HAProxy {theirs[2]}")
    return tap.plan()


sys.exit(main())
