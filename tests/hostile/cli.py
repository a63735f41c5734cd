#!/usr/bin/env python3
"""Hostile words on the control socket: commands put together by dice, cut, mixed with random bytes, by several clients at a time that leave
at any moment.

usage: cli.py PROGRAM [--rounds N] [--seed N] [--clients N]

Afterwards the process has to be the same one, to answer, to hold no more descriptors than before, and to stop softly with status 0.
Prints TAP; stays in a temporary folder and on 127.0.0.1.
"""
import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask  # noqa: E402
from processes import descriptors  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait, wait_for_file  # noqa: E402

CONFIG = """
global
    stats socket {dir}/sock level admin
defaults
    mode http
    timeout client 2s
    timeout server 2s
    timeout connect 1s
frontend f
    bind {dir}/fe
    stats uri /stats
    http-request track-sc0 hdr(x-key) table t
    http-request set-header x-mapped %[req.hdr(x-key),map({dir}/map,none)]
    http-request deny if {{ hdr(x-key) -f {dir}/acl }}
    default_backend b
backend t
    stick-table type string len 16 size 100 expire 1s store gpc0,gpt0,http_req_cnt,http_req_rate(1s),server_id
backend b
    cookie c insert indirect
    stick on hdr(x-key) table t
    option httpchk GET /
    server s1 {dir}/origin check inter 20 fastinter 10 rise 1 fall 1 agent-check agent-port 1 agent-inter 50
    server s2 {dir}/origin maxconn 1 cookie s2
    server s3 127.0.0.1:1 track b/s1 backup
    server s4 127.0.0.1:1 check inter 20 observe layer7 on-error mark-down slowstart 1s
listen origin
    bind {dir}/origin
    http-request return status 200
"""
COMMANDS = ["help", "show info", "show stat", "show servers state", "show sess", "show env", "show errors", "show activity", "show pools",
            "show cli sockets", "show backend", "set server b/s1 state", "set server b/s2 weight", "set weight b/s2", "get weight b/s1",
            "enable server b/s2", "disable server b/s2", "enable health b/s1", "disable health b/s1", "set maxconn server b/s2",
            "show table", "show table t", "set table t key", "clear table t", "show map", "show map #0", "set map #0", "add map #0", "del map #0",
            "clear map #0", "prepare map #0", "commit map @1 #0", "show acl #1", "add acl #1", "show stat typed", "show stat json", "show errors",
            "set server b/s1 agent", "set server b/s1 health", "set server b/s2 addr", "set server b/s4 check-port", "set dynamic-cookie-key backend b",
            "enable dynamic-cookie backend b", "enable agent b/s1", "disable agent b/s1", "disable frontend f", "enable frontend f",
            "set maxconn frontend f", "set maxconn global", "set timeout cli", "set severity-output", "clear counters", "shutdown session",
            "shutdown sessions server b/s2", "prompt", "user", "operator", "quit", "_getsocks"]
WORDS = ["b/s1", "b/zz", "f", "json", "typed", "desc", "up", "all", "-1", "7", "0x1234", "300%", "<<", ";", "\\", "'", '"', "maint", "drain",
         "ready", "down", "stopping", "k1", "k7", "key", "data.gpc0", "#0", "#1", "@1", "127.0.0.1", "port", "\t", "#", "99999999999999999999", "none", "number", "string", "1s", "0", "%s%n", "\0", "\xff"]


def line(dice):
    if dice.random() < 0.2:
        return dice.randbytes(dice.randrange(300))
    parts = [dice.choice(COMMANDS) if dice.random() < 0.4 else dice.choice(WORDS) for _ in range(dice.randint(1, 8))]
    return " ".join(parts).encode("latin-1")


def talk(path, dice):
    text = b"prompt\n" if dice.random() < 0.3 else b""
    for _ in range(dice.randint(1, 6)):
        text += line(dice) + (b"\n" if dice.random() < 0.9 else b"")
    if dice.random() < 0.01:
        text = b"x" * 100000
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(2)
        s.connect(path)
        try:
            s.sendall(text)
            if dice.random() < 0.5:
                s.shutdown(socket.SHUT_WR)
            s.settimeout(0.02)
            while dice.random() < 0.9 and s.recv(65536):
                pass
        except OSError:
            pass


def traffic(p, path, stop):
    """Requests, so that what the commands read and write is in use."""
    n = 0
    while not stop.is_set() and p.poll() is None:
        n += 1
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(1)
                s.connect(path)
                s.sendall(b"GET %s HTTP/1.1\r\nhost: h\r\nx-key: k%d\r\nconnection: close\r\n\r\n" % (b"/stats" if n % 7 == 0 else b"/", n % 50))
                while s.recv(65536):
                    pass
        except OSError:
            time.sleep(0.01)  # the frontend may be disabled, the queue full


def clients(p, path, rounds, seed, count):
    def one(dice):
        for _ in range(rounds // count):
            if p.poll() is None:
                try:
                    talk(path, dice)
                except OSError:
                    pass  # it ended just now: the caller sees that

    stop = threading.Event()
    load = [threading.Thread(target=traffic, args=(p, os.path.dirname(path) + "/fe", stop)) for _ in range(2)]
    running = [threading.Thread(target=one, args=(random.Random(seed * 1000 + i),)) for i in range(count)]
    for t in running + load:
        t.start()
    for t in running:
        t.join()
    stop.set()
    for t in load:
        t.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--clients", type=int, default=4)
    args = parser.parse_args()
    tap = Tap("cli")
    with tempfile.TemporaryDirectory(prefix="cli.") as folder:
        path = folder + "/sock"
        with open(folder + "/cfg", "w") as f:
            f.write(CONFIG.format(dir=folder))
        with open(folder + "/map", "w") as f:
            f.write("".join("k%d v%d\n" % (i, i) for i in range(20)))
        with open(folder + "/acl", "w") as f:
            f.write("k1\nk2\n")
        p = subprocess.Popen([args.program, "-db", "-f", folder + "/cfg"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for_file(path, p)
        time.sleep(0.5)
        before = descriptors(p.pid)
        clients(p, path, args.rounds, args.seed, args.clients)
        time.sleep(0.5)
        alive = p.poll() is None
        tap.check("the process lives after %d sessions (seed %d)" % (args.rounds, args.seed), alive)
        tap.check("it answers", alive and ask(path, "show cli level") == "admin\n\n")
        # Requests whose clients have left may wait for their servers' time-outs.
        tap.check("it holds no more descriptors", alive and wait(lambda: descriptors(p.pid) <= before + 4))
        if alive:
            p.send_signal(signal.SIGUSR1)
        try:
            _, said = p.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            p.kill()
            _, said = p.communicate()
        tap.check("it stops softly (status %s)" % p.returncode, p.returncode == 0)
    if tap.failed:
        tap.say(said.decode(errors="replace"), 120)
    return tap.plan()


sys.exit(main())
