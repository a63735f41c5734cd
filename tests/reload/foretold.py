#!/usr/bin/env python3
"""What `lbcheck diff` says that a reload will do is what it does: the same worker or another, sockets, connections, tables, servers.

usage: foretold.py LBD LBCHECK [PATTERN]

Each case changes one thing, asks lbcheck beforehand, reloads, and looks. Prints TAP; stays on 127.0.0.1 and in a temporary folder.
"""
import json
import os
import subprocess
import sys
import tempfile

import renew  # it finds what tests share, too
from renew import Client, Service, need
from ports import free_port
from tap import Tap

LBCHECK = os.path.abspath(sys.argv[2])


class Case(Service):
    """A service with one thread, so that an idle connection is used again, and what is foretold of its next reload."""

    def foretell(self, section, key, text="", **changes):
        """Verdict and reason for the one setting; the whole answer is kept."""
        old = self.dir + "/old.cfg"
        os.rename(self.dir + "/cfg", old)
        self.write(text, **changes)
        p = subprocess.run([LBCHECK, "diff", "--json", old, self.dir + "/cfg"], capture_output=True, text=True, timeout=60)
        self.told = json.loads(p.stdout)
        found = [d for d in self.told["differences"] if d["name"] == section and (d["key"] + " ").startswith(key + " ")]
        found.sort(key=lambda d: not d["after"])
        need(found, "%s %s in %s" % (section, key, p.stdout))
        return found[0]["reload"]["verdict"], found[0]["reload"]["why"]

    def go(self):
        """Reloads; whether the worker is another one then."""
        before = self.worker()
        need("Success=1" in self.ask("reload", "master"), "reload")
        self.until(lambda: self.worker(), "a worker")
        other = self.worker() != before
        need(other == bool(self.told["new_process"]), "a new process: %s, foretold: %s" % (other, self.told["new_process"]))
        return other

    def inode(self, port):
        """Of the socket that listens there."""
        with open("/proc/net/tcp") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        return [r[9] for r in rows if r[1] == "0100007F:%04X" % port and r[3] == "0A"]


def test_rule(t):
    verdict, _ = t.foretell("fe", "http-request", say=2)
    c = t.client()
    c.get("/say")
    need(verdict == "in place" and not t.go() and c.get("/say") == "say-2", verdict)


def test_global(t):
    verdict, _ = t.foretell("", "log-tag", "global\n    log-tag other\n")
    need(verdict == "in place" and not t.go(), verdict)


def test_weight(t):
    c = t.client()
    c.get("/")
    t.ask("set server be/s1 weight 3")
    verdict, why = t.foretell("be", "server s1", options="weight 20")
    need(verdict == "touched" and "idle connections" in why and "stay" in why, why)
    need(not t.go() and t.stat("be", "s1", "weight", "stot") == ["20", "1"], t.stat("be", "s1", "weight", "stot"))
    need(c.get("/") == "origin" and t.origin.accepted == 1, "the idle connection: %d" % t.origin.accepted)


def test_spoken_to_otherwise(t):
    c = t.client()
    c.get("/")
    verdict, why = t.foretell("be", "server s1", options="weight 10 send-proxy")
    need(verdict == "touched" and "idle connections to it are closed" in why, why)
    need(not t.go() and c.get("/") == "origin" and t.origin.accepted == 2, "connections: %d" % t.origin.accepted)


def test_another_address(t):
    t.client().get("/")
    t.ask("set server be/s1 weight 3")
    other = renew.Origin()
    verdict, why = t.foretell("be", "server s1", origin=other.port)
    need(verdict == "touched" and "the other address" in why, why)
    need(not t.go() and t.stat("be", "s1", "weight", "stot") == ["10", "1"], t.stat("be", "s1", "weight", "stot"))


def test_server_stays(t):
    c = t.client()
    c.get("/")
    t.ask("set server be/s1 weight 3")
    verdict, why = t.foretell("be", "server s1", options="weight 10 observe layer7")
    need(verdict == "in place" and "stay" in why, why)
    need(not t.go() and t.stat("be", "s1", "weight", "stot") == ["3", "1"], t.stat("be", "s1", "weight", "stot"))
    need(c.get("/") == "origin" and t.origin.accepted == 1, "connections: %d" % t.origin.accepted)


def test_table(t):
    t.client().get("/track")
    verdict, why = t.foretell("st", "stick-table", size="2k")
    need(verdict == "touched" and "begins empty" in why and not t.go() and "used:0" in t.ask("show table st"), why)


def test_socket_opened(t):
    port, before = free_port(), t.inode(t.now["port"])
    verdict, why = t.foretell("fe", "bind", more="bind 127.0.0.1:%d" % port)
    need(verdict == "in place" and "opened" in why and not t.go(), why)
    need(t.inode(t.now["port"]) == before and len(before) == 1 and Client(port).get("/say") == "say-1", "sockets")


def test_socket_stays(t):
    before = t.inode(t.now["port"])
    verdict, why = t.foretell("fe", "bind", port="%d name x" % t.now["port"])
    need(verdict == "in place" and "stays open" in why and not t.go(), why)
    need(t.inode(int(t.now["port"].split()[0])) == before, "another socket")


def test_socket_closed(t):
    port = free_port()
    t.reload(more="bind 127.0.0.1:%d" % port)
    c = Client(port)
    c.get("/say")
    verdict, why = t.foretell("fe", "bind", more="")
    need(verdict == "touched" and "end with their next response" in why and not t.go() and not t.inode(port), why)
    c.send("/say")
    need("connection: close" in c.answer()[0], "the next response says so")


def test_section(t):
    verdict, why = t.foretell("new", "", sections="backend new\n    server x 127.0.0.1:%d\n" % free_port())
    need(verdict == "in place" and not t.go() and t.stat("new", "x", "stot") == ["0"], why)
    verdict, why = t.foretell("new", "", sections="")
    need(verdict == "touched" and not t.go() and t.stat("new", "x", "stot") is None, why)


def test_threads(t):
    verdict, _ = t.foretell("", "nbthread", threads=2)
    need(verdict == "new process" and t.go(), verdict)


def test_buffers(t):
    verdict, _ = t.foretell("", "tune.bufsize", "global\n    tune.bufsize 32768\n")
    need(verdict == "new process" and t.go(), verdict)


def test_peers(t):
    verdict, _ = t.foretell("p", "", sections="peers p\n    peer me 127.0.0.1:%d\n" % free_port())
    need(verdict == "new process" and t.go(), verdict)


def test_comes_along(t):
    """What would be done in place is done by the new process that something else needs."""
    verdict, _ = t.foretell("fe", "http-request", "global\n    tune.bufsize 32768\n", say=2)
    alone = [d["reload"]["alone"] for d in t.told["differences"] if d["key"] == "http-request"]
    need(verdict == "new process" and alone[0] == "in place" and t.go(), (verdict, alone))


def main():
    pattern, tap = sys.argv[3] if len(sys.argv) > 3 else "", Tap("foretold")
    for name, test in [(n, f) for n, f in globals().items() if n.startswith("test_") and pattern in n]:
        with tempfile.TemporaryDirectory(prefix="lbd-foretold.") as folder:
            error, t = None, None
            try:
                t = Case(os.path.abspath(sys.argv[1]), folder, threads=1)
                test(t)
            except Exception as e:  # noqa: BLE001
                error = "%s: %s" % (type(e).__name__, e)
            if t:
                t.end()
            tap.check(name[5:], not error, "%s\n%s" % (error, open(folder + "/log", errors="replace").read()[-3000:]), 200)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
