#!/usr/bin/env python3
"""Counters that outlive a process (3.4): stats-file, dump stats-file, shm-stats-file, for what has a GUID.

usage: kept.py PROGRAM [PATTERN]      as contract.py; HAProxy 2.6 has none of it
"""
import os
import signal
import sys

import contract
from contract import ended, need, until

CONFIG = """
global
    stats socket %(sock)s level admin
%(words)s
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend %(fe)s
    bind 127.0.0.1:%(port)d guid-prefix p
    option socket-stats
    guid f:1
    default_backend be
listen nameless
    bind unix@%(dir)s/nameless
    http-request return status 200
backend be
    guid b.1
    server s1 127.0.0.1:%(origin)d guid s-1
    server s2 127.0.0.1:%(origin)d backup
listen %(fe)s-origin
    guid l_1
    bind 127.0.0.1:%(origin)d
    http-request return status 200 content-type text/plain string ok
"""
NAMES = {"#fe": ("f:1", "l_1"), "#be": ("b.1", "l_1"), "#li": ("p-0",), "#srv": ("s-1",)}


def write(t, words="", fe="fe", name="cfg", sock="sock", **kw):
    t.origin = getattr(t, "origin", None) or contract.free_port()
    values = dict(sock=t.path(sock), words="".join("    %s\n" % x for x in words.split("; ") if x), fe=fe, port=t.port,
                  origin=t.origin, dir=t.dir, **kw)
    return t.write(name, CONFIG % values)


def serve(t, *args, sock="sock"):
    """Starts, and waits until commands are answered: a request would count."""
    if os.path.exists(t.path(sock)):
        os.unlink(t.path(sock))
    p = t.start("--compat=3.4", *args)
    until(lambda: answers(t, sock) or p.poll() is not None, "answers")
    need(p.poll() is None, "ended")
    return p


def answers(t, sock):
    try:
        return t.cli("show version", sock)
    except OSError:
        return None


def requests(t, n):
    for _ in range(n):
        need(t.ask() == "ok", "a request fails")


def dumped(t, sock="sock"):
    """{kind: {guid: {column: value}}}"""
    kinds, head = {}, None
    for line in t.cli("dump stats-file", sock).splitlines():
        if line.startswith("#"):
            kind, _, columns = line.partition(" ")
            head = columns.split(",")
            need(head[0] == "guid", line)
            rows = kinds.setdefault(kind, {})
        elif line:
            values = line.split(",")
            need(len(values) == len(head), line)
            rows[values[0]] = dict(zip(head[1:], map(int, values[1:])))
    return kinds


def column(t, pxname, svname, name, sock="sock"):
    lines = t.cli("show stat", sock).splitlines()
    head = lines[0][2:].split(",")
    row = [x for x in lines[1:] if x.startswith("%s,%s," % (pxname, svname))][0]
    return int(row.split(",")[head.index(name)] or 0)


def stop(p, how=signal.SIGUSR1):
    p.send_signal(how)
    rc, out = ended(p)
    need(how == signal.SIGKILL or rc == 0 or rc == 128 + how or rc == -how, "ends with %d: %s" % (rc, out))


def test_dump(t):
    p = serve(t, "-db", "-f", write(t))
    requests(t, 3)
    kinds = dumped(t)
    need({k: tuple(v) for k, v in kinds.items()} == NAMES, kinds)
    for kind, guid, px, sv in ("#fe", "f:1", "fe", "FRONTEND"), ("#be", "b.1", "be", "BACKEND"), ("#li", "p-0", "fe", "sock-1"), ("#srv", "s-1", "be", "s1"):
        for name, value in kinds[kind][guid].items():
            need(value == column(t, px, sv, name), "%s %s: %d" % (guid, name, value))
    need(kinds["#srv"]["s-1"]["hrsp_2xx"] == 3 and kinds["#fe"]["f:1"]["bout"] > 100, kinds)
    stop(p)


def test_stats_file(t):
    p = serve(t, "-db", "-f", write(t))
    requests(t, 4)
    before = dumped(t)
    text = t.cli("dump stats-file")
    stop(p)
    # Names may be others, and there may be things that this version does not know.
    text = "#fe guid,stot\nnobody,77\n#unknown guid,x\nb.1,99\n" + text.replace("#fe guid,", "#fe guid,strange,").replace("f:1,", "f:1,-abc,", 1)
    t.write("file", text.replace("l_1,", "l_1,5,", 1))
    p = serve(t, "-db", "-f", write(t, "stats-file %s" % t.path("file"), fe="renamed"))
    after = dumped(t)
    need(column(t, "renamed", "FRONTEND", "hrsp_2xx") == 4, after)
    need(after == before, "%s\n%s" % (before, after))
    requests(t, 2)
    need(dumped(t)["#srv"]["s-1"]["hrsp_2xx"] == 6, dumped(t))
    t.cli("clear counters all")
    need(dumped(t)["#srv"]["s-1"]["hrsp_2xx"] == 0, "cleared")
    stop(p)


def test_stats_file_faults(t):
    t.write("bad", "#srv guid,stot\ns-1,4x\n#be guid,stot\nb.1,7\n")
    cfg = write(t, "stats-file %s" % t.path("bad"))
    p = serve(t, "-db", "-f", cfg)
    rows = dumped(t)
    need(rows["#srv"]["s-1"]["stot"] == 0 and rows["#be"]["b.1"]["stot"] == 7, rows)
    p.send_signal(signal.SIGUSR1)
    _, out = ended(p)
    need("line 2: a value is no number" in out, out)
    p = serve(t, "-db", "-f", write(t, "stats-file %s" % t.path("nowhere")))
    p.send_signal(signal.SIGUSR1)
    _, out = ended(p)
    need("Can't open stats-file" in out and "No such file" in out, out)


def shared(t):
    return "shm-stats-file %s; shm-stats-file-max-objects 9" % t.path("counters")


def served(t, sock="sock"):
    """What the server has answered; -1: something else has come in by the socket."""
    rows = dumped(t, sock)
    n = rows["#srv"]["s-1"]["hrsp_2xx"]
    return n if rows["#li"]["p-0"]["stot"] == n else -1


def test_shared_stop(t):
    """Stopped in good order: the next one begins at zero; killed: it goes on."""
    cfg = write(t, shared(t))
    p = serve(t, "-db", "-f", cfg)
    requests(t, 3)
    stop(p)
    p = serve(t, "-db", "-f", cfg)
    need(served(t) == 0, "after a stop: %d" % served(t))
    requests(t, 77)
    with open(t.path("counters"), "rb") as f:
        until(lambda: f.seek(0) == 0 and b"M\0\0\0\0\0\0\0" in f.read().rpartition(b"s-1\0")[2], "brought")
    stop(p, signal.SIGKILL)
    p = serve(t, "-db", "-f", cfg)
    need(served(t) == 77, "after a death: %d" % served(t))
    stop(p)


def test_shared_succession(t):
    """A new process goes on from what the old one has, and both learn of each other."""
    p = serve(t, "-db", "-f", write(t, shared(t)))
    requests(t, 5)
    q = t.start("--compat=3.4", "-db", "-f", write(t, shared(t), fe="other", name="cfg2", sock="sock2"), "-sf", str(p.pid))
    ended(p)
    until(lambda: served_or(t, "sock2") == 5, "counts of the old process")
    requests(t, 2)
    need(served(t, "sock2") == 7, "counts on")
    t.cli("clear counters all", "sock2")
    need(served(t, "sock2") == 0, "cleared")
    stop(q)


def served_or(t, sock):
    try:
        return served(t, sock)
    except OSError:
        return None


def test_shared_by_two(t):
    p = serve(t, "-db", "-f", write(t, shared(t)))
    first = t.port
    t.port, t.origin = contract.free_port(), None
    q = serve(t, "-db", "-f", write(t, shared(t), name="cfg2", sock="sock2"), sock="sock2")
    requests(t, 2)
    t.port = first
    requests(t, 3)
    until(lambda: served(t) == 5 and served(t, "sock2") == 5, "each knows what both have served")
    stop(q)
    need(served(t) == 5, "after one has left")
    stop(p)


def test_shared_reload(t):
    """A master's reload, inside the process: what is gone is let go, what is new begins."""
    cfg = write(t, shared(t))
    serve(t, "-W", "-S", t.path("master"), "-f", cfg)
    requests(t, 2)
    write(t, shared(t), fe="again")
    answer = t.cli("reload", "master")
    need("Success=1" in answer, answer)
    until(lambda: served_or(t, "sock") == 2, "goes on")
    requests(t, 1)
    need(served(t) == 3, "counts on: %d" % served(t))


def test_shared_faults(t):
    t.write("counters", "something else entirely, of quite some length\n")
    rc, out = ended(t.start("--compat=3.4", "-db", "-f", write(t, shared(t))))
    need(rc == 1 and "shm-stats-file" in out and "not such a file" in out, out)
    os.unlink(t.path("counters"))
    words = "shm-stats-file %s; shm-stats-file-max-objects 2" % t.path("counters")
    rc, out = ended(t.start("--compat=3.4", "-db", "-f", write(t, words)))
    need(rc == 1 and "max-objects" in out, out)


if __name__ == "__main__":
    if contract.IS_HAPROXY:
        print("# kept: HAProxy 2.6 has no stats-file")
        sys.exit(0)
    sys.exit(contract.main({n: f for n, f in globals().items() if n.startswith("test_")}, "kept"))
