#!/usr/bin/env python3
"""What operators do to a running process, and what keywords of `global` do to it from its first moment on.

usage: operations.py PROGRAM [PATTERN]      as contract.py; everything here holds for HAProxy 2.6 as well
"""
import os
import socket
import struct
import sys

import contract
from contract import alive, ended, need, until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hostile"))
from h2 import HEADERS, PREFACE, SETTINGS, block, frame  # noqa: E402

END_STREAM, END_HEADERS = 1, 4


# --- sessions that are ended from outside ------------------------------------------------------------------------------

class Silent:
    """Accepts connections and never answers."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def streams_open(port, n):
    """A connection with n requests under way."""
    s = socket.create_connection(("127.0.0.1", port), 5)
    s.sendall(PREFACE + frame(SETTINGS, 0, 0) +
              b"".join(frame(HEADERS, END_STREAM | END_HEADERS, 1 + 2 * i, block()) for i in range(n)))
    return s


def streams_serve(t, silent, n, connections=2):
    """A process with streams of HTTP/2 that wait for their server."""
    t.write("cfg", """
global
    stats socket %s level admin
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend fe
    bind 127.0.0.1:%d proto h2
    default_backend be
backend be
    server s1 127.0.0.1:%d
""" % (t.path("sock"), t.port, silent.port))
    p = t.start("-db", "-f", t.path("cfg"))
    until(lambda: answers(t), "answers")
    clients = []
    for i in range(connections):
        clients.append(streams_open(t.port, n))
        until(lambda: waiting(t) == n * (i + 1), "streams at their server")
    return p, clients


def answers(t):
    try:
        return t.cli("show version")
    except OSError:
        return None  # not yet


def waiting(t):
    rows = [x.split() for x in t.cli("show servers conn be").splitlines() if x.startswith("be/s1 ")]
    return int(rows[0][6])


def sessions(t, frontend="fe"):
    return [x.split(":")[0] for x in t.cli("show sess").splitlines() if " fe=%s " % frontend in x]


def test_shutdown_sessions_of_server(t):
    with Silent() as silent:
        p, clients = streams_serve(t, silent, 8)
        t.cli("shutdown sessions server be/s1")
        until(lambda: waiting(t) == 0, "nobody at the server")
        need(p.poll() is None, "lives")
        for c in clients:
            c.close()


def test_shutdown_each_session(t):
    with Silent() as silent:
        p, clients = streams_serve(t, silent, 8)
        for s in sessions(t):
            t.cli("shutdown session " + s)
        until(lambda: waiting(t) == 0, "nobody at the server")
        need(p.poll() is None, "lives")
        for c in clients:
            c.close()


def test_stop_with_streams(t):
    for signal_number in 15, 2:
        with Silent() as silent:
            p, clients = streams_serve(t, silent, 8)
            p.send_signal(signal_number)
            rc, out = ended(p)
            need(rc in (0, -signal_number, 128 + signal_number), "status %d %s" % (rc, out))
            need("Sanitizer" not in out, out)
            for c in clients:
                c.close()


if __name__ == "__main__":
    sys.exit(contract.main({n: f for n, f in globals().items() if n.startswith("test_")}, "operations"))
