#!/usr/bin/env python3
"""Hostile input for rules: every action, fetch, converter and matching method of HAProxy 2.6 meets what it did not ask for.

usage: rules.py PROGRAM [--rounds N] [--seed N] [--memory]

The configuration is that of tests/differential/traffic, one frontend for a handful of keywords, with accept-invalid-http-request, so that
odd bytes come through. In each place of a request (method, path, query, host, headers, cookies, credentials, body) stands what is
absent, empty, huge, binary, no UTF-8, or nearly right; servers answer in the same way. Afterwards: is it the same process, does an honest
request pass, is the memory bounded (with --memory: not under sanitizers)? Then regular expressions that would run for ever: they end soon, count as no match, and the log
names them. Prints TAP.
"""
import argparse
import base64
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "differential"), os.path.join(HERE, "..")]
import traffic_cases  # noqa: E402
from processes import resident  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait_for_file  # noqa: E402

LOG = "%[var(sess.port)]|%f|%b|%s|%ST|%hr|%hs|%HM|%HU|%HP|%HQ|%CC|%CS|%[src]|%{+Q}r"
SAFE = bytes(c for c in range(1, 256) if c not in b"\r\n")
VALUES = [b"", b" ", b",", b",,,", b";;=;", b"=", b"%", b"%%%", b"%00", b"%zz%4", b"\xc3\xa9", b"\xc3", b"\xff\xfe\xfd", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
          b"\xc0\xaf", SAFE, b"a" * 9000, b"\x80" * 9000, b"," * 9000, b"x,y=1;" * 1500, b"0", b"-1", b"-0", b"18446744073709551616", b"9" * 400,
          b"0x", b"1e308", b"-9223372036854775808", b"1.2.3", b"1.2.3.4.5", b"::::", b"::ffff:1.2.3.4%eth0", b"[", b"{" * 3000, b'{"a":' * 1500, b'"' * 3, b"'\\",
          b"\\x", b"(", b"((((", b"*", b"q=;q=2;q=", b"en;q=-1,*;q=9999999999", b"/", b"//" * 3000, b"/../" * 2000, b"/.%2e/", b"?", b"#", b"??##", b"http://",
          b"http://[/", b"a@b@c:1:2", b":", b":99999", b"\t", b"Basic", b"Basic =", b"Basic " + base64.b64encode(SAFE), b"Bearer ..", b"a.b.c",
          b"Basic " + b"A" * 5000, b"=?=", b"SRV", b"SRV=", b"SRV=" + b"s" * 5000, b"SRV=s1; SRV", b'SRV="', b'a="\\', b"b=" + b"c;" * 2000]
NAMES = [b"X-A", b"X-B", b"X-N", b"X-Ip", b"Cookie", b"Authorization", b"User-Agent", b"Accept-Language", b"Content-Type", b"Host", b"Via", b"Cache-Control",
         b"If-Modified-Since", b"Range", b"Accept-Encoding", b"X-Forwarded-For", b"Forwarded", b"Referer"]
ANSWERS = [b"X-R", b"X-Rn", b"X-Rip", b"Set-Cookie", b"Cache-Control", b"Content-Type", b"Vary", b"ETag", b"X-Srv", b"Age", b"Expires"]
SLOW = {"(a+)+": ("path_reg", "^/(a+)+$"), "xx": ("path_reg -i --", "(a|aa|aaa)+$"), "regsub": ("\"path,regsub('^/(a*)*b',x)\" -m str", "x"),
        "file": ("path_reg -f", "slow.lst"), "map": ("path,map_reg(slow.map) -m str", "found"), "sub": ("path -m reg", "^(.a?a?)*c")}


TAP = Tap("rules")
HONEST = threading.Event()  # servers answer well from now on


def one_value(dice):
    value = dice.choice(VALUES)
    if dice.random() < 0.2:
        value = bytes(dice.choice(SAFE) for _ in range(dice.randint(0, 60)))
    return value + dice.choice(VALUES) if dice.random() < 0.1 else value


def headers(dice, names):
    out = b""
    for name in dice.sample(names, dice.randint(0, 5)):
        for _ in range(dice.choice([1, 1, 1, 2, 5])):
            if len(out) < 14000:
                out += name + b":" + one_value(dice) + b"\r\n"
    return out


def request(dice):
    method = dice.choice([b"GET", b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"M" * 200, b"get", b"\xe9"])
    value = one_value(dice).replace(b" ", b"")
    target = dice.choice([b"/", b"/path/to/File.html", b"*", b"/" + value, b"/?" + value, b"/?a=" + value + b"&b=" + value, b"http://" + value + b"/", value or b"/"])
    body = dice.choice([b"", b"", one_value(dice), b"a=" + one_value(dice) + b"&b"])
    head = method + b" " + target + b" HTTP/1." + dice.choice([b"0", b"1", b"1"]) + b"\r\n" + headers(dice, NAMES)
    if dice.random() < 0.8:
        head += b"Host: www.Example.com:8080\r\n"
    if body and dice.random() < 0.3:
        return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return head + (b"Content-Length: %d\r\n" % len(body) if body else b"") + b"\r\n" + body


def serve(conn, dice):
    conn.settimeout(5)
    data = b""
    try:
        while True:
            while b"\r\n\r\n" not in data:
                piece = conn.recv(65536)
                if not piece:
                    return
                data += piece
            honest = HONEST.is_set()
            data = b""
            body = b"ok" if honest else one_value(dice)
            head = b"HTTP/1.1 200 OK\r\n" if honest or dice.random() < 0.7 else b"HTTP/1.1 %d \xff%s\r\n" % (dice.choice([200, 204, 302, 404, 500]), b"r" * dice.choice([0, 3000]))
            conn.sendall(head + (b"" if honest else headers(dice, ANSWERS)) + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            if not honest and dice.random() < 0.5:
                return
    except OSError:
        pass
    finally:
        conn.close()


def listen(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen(64)
    return sock


def accept(server, seed):
    while True:
        conn, _ = server.accept()
        seed += 1
        threading.Thread(target=serve, args=(conn, random.Random(seed)), daemon=True).start()


class Proxy:
    def __init__(self, program, folder, text, last, environment=None):
        self.folder = folder
        self.log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.log.bind(("127.0.0.1", 0))
        with open(folder + "/cfg", "w", encoding="latin1") as f:
            f.write(text.replace("LOGPORT", str(self.log.getsockname()[1])).replace("DNSPORT", "9"))
        self.errors = open(folder + "/stderr", "w+b")
        self.process = subprocess.Popen([program, "-q", "-db", "-f", "cfg"], cwd=folder, stdin=subprocess.DEVNULL, stderr=self.errors,
                                        env={**os.environ, **(environment or {})})
        wait_for_file(folder + "/" + last, self.process)

    def ask(self, name, data, header=True, patience=10):
        """What comes until there is nothing more, or for long enough."""
        got = b""
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(patience)
                sock.connect(f"{self.folder}/{name}")
                sock.sendall((b"PROXY TCP4 203.0.113.9 192.0.2.1 4000 80\r\n" if header else b"") + data)
                sock.shutdown(socket.SHUT_WR)
                while True:
                    piece = sock.recv(65536)
                    if not piece:
                        return got
                    got += piece
        except OSError:
            return got

    def said(self):
        """What it wrote on standard error."""
        self.errors.seek(0)
        return self.errors.read()

    def resident(self):
        return resident(self.process.pid)


def keywords(program, rounds, seed, memory):
    cases = [c for c in traffic_cases.load() if c.patience > 1]
    text = traffic_cases.configuration(cases, LOG).replace("    mode http\n", "    mode http\n    option accept-invalid-http-request\n"
                                                           "    option accept-invalid-http-response\n", 1)
    with tempfile.TemporaryDirectory(prefix="hostile-rules.") as folder:
        for name, content in traffic_cases.FILES.items():
            with open(f"{folder}/{name}", "w", encoding="latin1") as f:
                f.write(content)
        threading.Thread(target=accept, args=(listen(folder + "/server.sock"), seed), daemon=True).start()
        proxy = Proxy(program, folder, text, "last.sock")
        TAP.check(f"starts with {len(cases)} frontends", proxy.process.poll() is None)
        jobs, lock = [(case, i) for i in range(rounds) for case in cases], threading.Lock()
        random.Random(seed).shuffle(jobs)
        answered = [0, 0]

        def work():
            while proxy.process.poll() is None:
                with lock:
                    if not jobs:
                        return
                    case, i = jobs.pop()
                got = proxy.ask(case.name + ".sock", request(random.Random(f"{seed} {case.name} {i}")))
                with lock:
                    answered[0] += 1
                    answered[1] += got.startswith(b"HTTP/1.")
                    if len(jobs) == len(cases) * rounds // 2:
                        answered.append(proxy.resident())
        threads = [threading.Thread(target=work) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        TAP.check(f"{answered[0]} odd requests, {answered[1]} of them answered", proxy.process.poll() is None and answered[1] > answered[0] * 0.9,
                  f"status {proxy.process.poll()}, {answered}")
        if proxy.process.poll() is None:
            HONEST.set()
            honest = [proxy.ask(c.name + ".sock", b"GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n") for c in cases[:20]]
            TAP.check("honest requests pass", sum(a.startswith(b"HTTP/1.1 200") for a in honest) >= 10, repr(honest)[:1000])
            grown = proxy.resident() - answered[2]
            TAP.check("memory does not grow with them", grown < 16 << 20 or not memory, f"{grown} bytes more than half-way")
        proxy.process.terminate()
        status, said = proxy.process.wait(30), proxy.said()
        TAP.check("ends in good order", status in (0, 143, -15) and b"Sanitizer" not in said and b"runtime error" not in said, f"{status} {said[-3000:]!r}")


def regexes(program):
    with tempfile.TemporaryDirectory(prefix="hostile-regex.") as folder:
        with open(folder + "/slow.lst", "w", encoding="ascii") as f:
            f.write("^/(a*)*c?b\n")
        with open(folder + "/slow.map", "w", encoding="ascii") as f:
            f.write("^/(a*)*c found\n")
        lines = ["global", " nbthread 1", " warn-blocked-traffic-after 1ms", "defaults", " mode http", " timeout client 30s", " timeout server 30s", " timeout connect 5s"]
        for i, (criterion, pattern) in enumerate(SLOW.values()):
            lines += [f"frontend f{i}", f" bind unix@f{i}.sock", " log 127.0.0.1:LOGPORT format raw local0 warning", f" http-request return status 403 if {{ {criterion} {pattern} }}",
                      " http-request return status 204"]
        proxy = Proxy(program, folder, "\n".join(lines) + "\n", f"f{len(SLOW) - 1}.sock", {"LBD_COMPAT": "3.4"})
        TAP.check("starts with expressions that are slow", proxy.process.poll() is None)
        proxy.log.settimeout(10)
        for i, name in enumerate(SLOW):
            begin, target = time.monotonic(), b"/" + b"a" * 3000 + b"!"
            got = proxy.ask(f"f{i}.sock", b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", header=False, patience=60)
            took = time.monotonic() - begin
            line = proxy.log.recv(65536).decode("latin1") if i < 2 else ""
            TAP.check(f"a regular expression without an end counts as no match: {name}", got.startswith(b"HTTP/1.1 204") and took < 5, f"{got[:40]!r} after {took:.1f} s")
            if i < 2:
                TAP.check(f"... and the log says so: {name}", f"Regular expression '{SLOW[name][1]}' was given up" in line, line)
        said = proxy.said()
        TAP.check("turns that take long are told of", b"thread 1 has stopped processing traffic for " in said, repr(said)[-300:])
        proxy.process.terminate()
        proxy.process.wait(30)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program")
    p.add_argument("--rounds", type=int, default=20)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--memory", action="store_true")
    args = p.parse_args()
    keywords(os.path.abspath(args.program), args.rounds, args.seed, args.memory)
    regexes(os.path.abspath(args.program))
    os._exit(TAP.plan())


main()
