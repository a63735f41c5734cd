#!/usr/bin/env python3
"""lbd under systemd's own programs: messages that are those of systemd-notify, sockets that systemd-socket-activate has bound.

usage: systemd.py LBD [PATTERN]

Neither needs systemd to run. Prints TAP; stays on 127.0.0.1 and in a temporary folder.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import contract
from contract import alive, need, until

MISSING = [x for x in ("systemd-notify", "systemd-socket-activate") if not shutil.which(x)]
CONFIG = """
defaults
    mode http
    timeout connect 1s
    timeout client 20s
    timeout server 1s
frontend fe
    bind fd@3
    http-request return status 200 content-type text/plain string {text}
frontend second
    bind fd@4
    http-request return status 200 content-type text/plain string second-{text}
"""


class Manager:
    """What a service manager hears."""

    def __init__(self, t):
        self.path = t.path("notify")
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.s.settimeout(contract.WAIT)
        self.s.bind(self.path)
        self.env = dict(os.environ, NOTIFY_SOCKET=self.path)

    def hear(self):
        return self.s.recv(1000).decode()

    def until(self, start):
        while not (text := self.hear()).startswith(start):
            pass
        return text


def test_notify(t):
    """What systemd-notify says of a pid that is ready, lbd says of its own."""
    if MISSING:
        return "no " + MISSING[0]
    m = Manager(t)
    p = t.start("-Ws", "-db", "-f", t.config(), env=m.env)
    told = m.until("READY=1")
    until(lambda: t.ask() == "ok", "serves")
    subprocess.run(["systemd-notify", "--no-block", "--ready", "--pid=%d" % p.pid], env=m.env, check=True, timeout=contract.WAIT)
    need(told == m.hear(), told)
    p.send_signal(signal.SIGUSR2)
    need(re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", m.hear()), "a reload begins")
    need(m.hear() == told, "and is over")
    p.send_signal(signal.SIGUSR1)
    need(m.hear() == "STOPPING=1" and contract.ended(p)[0] == 0, "the end")


def activate(t, m, ports):
    """Starts the program with the first connection that comes."""
    options = [x for port in ports for x in ("-l", "127.0.0.1:%d" % port)]
    p = subprocess.Popen(["systemd-socket-activate", *options, "-E", "NOTIFY_SOCKET=" + m.path, contract.PROGRAM, "-Ws", "-f", t.path("cfg")],
                         cwd=t.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    t.started.append(p)
    return p


def connect(port):
    def tried():
        try:
            return socket.create_connection(("127.0.0.1", port), contract.WAIT)
        except ConnectionRefusedError:
            return None
    return until(tried, "listens")


def get(s):
    s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    answer = b""
    while part := s.recv(4096):
        answer += part
    s.close()
    return answer.partition(b"\r\n\r\n")[2].decode()


def test_sockets(t):
    """Connections wait while it starts; the sockets outlive reloads, by new workers, and the program itself."""
    if MISSING:
        return "no " + MISSING[0]
    m, first = Manager(t), contract.free_port(2)
    ports = (first, first + 1)
    t.write("cfg", CONFIG.format(text="one"))
    p = activate(t, m, ports)
    waiting = connect(ports[1])
    need(get(connect(ports[0])) == "one" and get(waiting) == "second-one", "they have waited")
    m.until("READY=1\nMAINPID=%d" % p.pid)
    worker = contract.children(p.pid)[0]
    t.write("cfg", CONFIG.format(text="two"))
    p.send_signal(signal.SIGUSR2)
    m.until("RELOADING=1")
    need(get(connect(ports[0])) in ("one", "two"), "none is refused")
    m.until("READY=1")
    until(lambda: not alive(worker), "the old worker leaves")
    need(get(connect(ports[0])) == "two" and get(connect(ports[1])) == "second-two", "the same sockets")
    p.send_signal(signal.SIGTERM)
    m.until("STOPPING=1")
    need(contract.ended(p)[0] in (0, 143), "the end")


if __name__ == "__main__":
    sys.exit(contract.main(globals(), "systemd"))
