#!/usr/bin/env python3
"""Health checks, told apart by their logs: the same configuration and the same origins for two programs.

usage: checks.py PROGRAM REFERENCE

Origins answer well, badly, late or not at all; each program checks them for some seconds, its log lines are collected by server,
stripped of dates, pids and durations, and compared, as are the check columns of its statistics and the requests that
the origins received. Prints TAP. Ports are given by the kernel; everything stays on 127.0.0.1.
"""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask  # noqa: E402

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECONDS = 3.5


class Origin:
    """One listening socket with one manner of answering; remembers the first request."""

    def __init__(self, answer):
        self.answer, self.count, self.first = answer, 0, None
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(50)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.loop, daemon=True).start()

    def loop(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(target=self.serve, args=(c, self.count), daemon=True).start()

    def serve(self, c, number):
        with c:
            try:
                if self.answer == "reset":
                    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                data = c.recv(4096)
                if data and self.first is None:
                    self.first = data
                if self.answer == "silent":
                    time.sleep(SECONDS)
                elif callable(self.answer):
                    c.sendall(self.answer(number))
                else:
                    c.sendall(self.answer)
            except OSError:
                pass


ORIGINS = {
    "ok": OK,
    "s404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nok",
    "s500": b"HTTP/1.0 500 Internal Server Error\r\n\r\n",
    "s301": b"HTTP/1.1 301 Moved\r\n\r\n",
    "garbage": b"garbage\r\n\r\n",
    "early": b"",
    "reset": "reset",
    "silent": "silent",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfo \r\n3\r\nbar\r\n0\r\n\r\n",
    "later": lambda n: OK if n > 3 else b"HTTP/1.1 500 Oops sorry\r\n\r\n",
    "flaky": lambda n: OK if n % 3 else b"HTTP/1.1 503 Busy\r\n\r\n",
}

CONFIG = """
global
    log 127.0.0.1:{log} local0
    stats socket {dir}/cli level admin
defaults
    mode http
    log global
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    {option}
    default-server inter 300
listen none
    bind unix@{dir}/none
backend l4
    server ok 127.0.0.1:{ok} check
    server refused 127.0.0.1:{closed} check
    server nosocket unix@{dir}/nothing check
    server other 127.0.0.1:{closed} check port {ok}
backend hc
    option httpchk GET /st
    server ok 127.0.0.1:{ok} check
    server s404 127.0.0.1:{s404} check
    server s500 127.0.0.1:{s500} check
    server garbage 127.0.0.1:{garbage} check
    server early 127.0.0.1:{early} check
    server reset 127.0.0.1:{reset} check
    server silent 127.0.0.1:{silent} check
    server later 127.0.0.1:{later} check
    server flaky 127.0.0.1:{flaky} check
    server s301 127.0.0.1:{s301} check
    server bk 127.0.0.1:{closed} check backup
backend only
    option httpchk
    server a 127.0.0.1:{s500} check fall 2
backend follower
    server s 127.0.0.1:{ok} track only/a
backend send
    option httpchk
    http-check send meth POST uri /x ver HTTP/1.1 hdr Host foo hdr X-A "b c" body hello
    http-check expect status 404
    server ok 127.0.0.1:{ok} check
    server s404 127.0.0.1:{s404} check
backend ranges
    option httpchk
    http-check expect status 200-299,404
    server s404 127.0.0.1:{s404} check
    server s301 127.0.0.1:{s301} check
backend drain
    option httpchk
    http-check disable-on-404
    server s404 127.0.0.1:{s404} check
backend text
    option httpchk
    http-check expect string bar
    server ok 127.0.0.1:{ok} check
    server chunked 127.0.0.1:{chunked} check
backend not_text
    option httpchk
    http-check expect ! rstring ^o
    server ok 127.0.0.1:{ok} check
backend regex
    option httpchk
    http-check expect rstatus ^4
    server ok 127.0.0.1:{ok} check
"""

COLUMNS = ("status", "check_status", "last_chk", "check_desc", "chkfail", "check_rise", "check_fall", "check_health")


def strip(text):
    """A log line without what differs from run to run."""
    text = re.sub(r"^<(\d+)>\w+ +\d+ [\d:]+ \w+\[\d+\]: ", r"<\1>", text.strip())
    text = re.sub(r"check duration: \d+ms", "check duration: Nms", text)
    return re.sub(r"\d+ active and \d+ backup", "N active and N backup", text)


def collect(sock, lines):
    """Lines by the server that they speak of, each once, in order."""
    while True:
        try:
            text = strip(sock.recv(8192).decode())
        except OSError:
            return
        name = re.search(r"[\w]+/[\w]+|backend \w+", text)
        mine = lines.setdefault(name.group(0) if name else "", [])
        if "flaky" in text:
            mine[:] = sorted(set(mine) | {text})
        elif len(mine) < (2 if "reset" in text else 8):  # later ones may be reset while they connect
            mine.append(text)


def statistics(path):
    rows = [line.split(",") for line in ask(path, "show stat").lstrip("# ").splitlines() if line]
    names = rows[0]
    # "* L7OK" while the next one is under way; the code is cleared then: the log has it
    return {r[0] + "/" + r[1]: {n: r[names.index(n)].lstrip("* ") for n in COLUMNS}
            for r in rows[1:] if r[1] not in ("FRONTEND", "BACKEND") and not re.match("flaky|later|reset", r[1])}


def observe(program, option):
    log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    log.bind(("127.0.0.1", 0))
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    origins = {name: Origin(answer) for name, answer in ORIGINS.items()}
    lines = {}
    threading.Thread(target=collect, args=(log, lines), daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cfg")
        with open(path, "w") as f:
            f.write(CONFIG.format(log=log.getsockname()[1], dir=folder, option=option, closed=closed.getsockname()[1],
                                  **{n: o.port for n, o in origins.items()}))
        child = subprocess.Popen([program, "-db", "-f", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(SECONDS)
        try:
            table = statistics(os.path.join(folder, "cli"))
        except OSError as e:
            table = {"": {"error": str(e)}}
        child.send_signal(signal.SIGTERM)
        child.wait(10)
    for o in origins.values():
        o.socket.close()
    log.close()
    closed.close()
    return lines, table, {n: o.first for n, o in origins.items() if n not in ("ok", "s404", "s301", "s500")}


def main():
    program, reference = sys.argv[1:3]
    failed = 0

    def compare(what, mine, other):
        nonlocal failed
        for key in sorted(set(mine) | set(other)):
            a, b = mine.get(key), other.get(key)
            if isinstance(a, dict) and isinstance(b, dict) and not (a.get("last_chk") and b.get("last_chk")):
                a, b = dict(a, last_chk=""), dict(b, last_chk="")  # forgotten while the next check is under way
            if a == b:
                print("ok - %s: %s" % (what, key))
                continue
            failed += 1
            print("not ok - %s: %s\n#   ours:  %s\n#   other: %s" % (what, key, mine.get(key), other.get(key)))

    for option in ("", "option log-health-checks"):
        results = {}
        threads = [threading.Thread(target=lambda p=p: results.__setitem__(p, observe(p, option))) for p in (program, reference)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        what = option or "checks"
        for kind, mine, other in zip(("log", "statistics", "request"), results[program], results[reference]):
            compare("%s %s" % (what, kind), mine, other)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
