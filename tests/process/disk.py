#!/usr/bin/env python3
"""A disk that is full: log lines are lost and counted, files that would need room are refused before anything depends on them, a
master keeps the workers that it has, and traffic goes on.

usage: disk.py PROGRAM [PATTERN]      as contract.py; needs the right to mount a small file system
"""
import os
import subprocess
import sys

import contract
from contract import alive, children, need, until

IS_HAPROXY = len(sys.argv) > 1 and sys.argv[1].endswith("haproxy")  # it counts lines only that found no room in a socket
NO_DISK = "no right to mount a file system"


class Disk:
    """64 kB that can be filled up."""

    def __init__(self, t):
        self.dir = t.path("disk")
        os.mkdir(self.dir)
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", self.dir], capture_output=True, check=False)
        self.there = mount.returncode == 0

    def path(self, name):
        return os.path.join(self.dir, name)

    def fill(self):
        with open(self.path("filler"), "ab", 0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass

    def clear(self):
        os.unlink(self.path("filler"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.there:
            subprocess.run(["umount", "-l", self.dir], check=True)


def figure(t, name):
    return int([x.split(": ")[1] for x in t.cli("show info").splitlines() if x.startswith(name + ": ")][0])


def master(t, name, extra="", *args, **kw):
    """A master on that file, and the worker's number."""
    t.config(name, extra="    stats socket %s level admin\n%s" % (t.path("sock"), extra))
    p = t.serve("-W", "-S", t.path("master"), *args, "-f", t.path(name), **kw)
    until(lambda: children(p.pid), "a worker")
    t.pids += children(p.pid)
    return p, children(p.pid)[-1]


def test_log_lines(t):
    with Disk(t) as disk:
        if not disk.there:
            return NO_DISK
        with open(disk.path("log"), "ab", 0) as log:
            t.config("cfg", extra="    stats socket %s level admin" % t.path("sock"),
                     proxy="    log fd@%d format raw local0\n    option httplog" % log.fileno())
            p = t.serve("-W", "-S", t.path("master"), "-f", t.path("cfg"), pass_fds=[log.fileno()])
            t.pids += children(p.pid)
            disk.fill()
            for _ in range(60):  # more than the rest of a block
                need(t.ask() == "ok", "a full disk")
            need(IS_HAPROXY or until(lambda: figure(t, "DroppedLogs") > 10, "lines are told to be lost"), "lost")
            disk.clear()
            for _ in range(5):
                need(t.ask() == "ok", "room again")
            until(lambda: all_told(t, disk), "each line is there, or counted")
            need(p.poll() is None and len(children(p.pid)) == 1, "the same master and worker")
        need(all(" fe fe/" in x for x in lines_of(disk)[-5:]), lines_of(disk)[-5:])
    return None


def lines_of(disk):
    with open(disk.path("log"), encoding="utf-8") as f:
        return f.read().splitlines()


def all_told(t, disk):
    """The first request of all, 65 that were made, and one line that is torn."""
    return len(lines_of(disk)) + figure(t, "DroppedLogs") in (66, 67) or IS_HAPROXY


def no_reload_for(t, disk, words, *args):
    """A file that needs more room than there is: nothing changes."""
    p, worker = master(t, "cfg", "", *args)
    disk.fill()
    t.config("cfg", text="new", extra="    stats socket %s level admin\n%s" % (t.path("sock"), words))
    said = t.cli("reload", "master")
    need("Success=1" not in said, said)
    need(alive(worker) and p.poll() is None, "all live")
    for _ in range(5):
        need(t.ask() == "ok", "the old one serves")
    disk.clear()
    t.config("cfg", text="new", extra="    stats socket %s level admin" % t.path("sock"))
    t.cli("reload", "master")
    until(lambda: t.ask() == "new", "reloads when asked for less")


def test_ring_in_a_file(t):
    """HAProxy would start, and die of SIGBUS some lines later."""
    if IS_HAPROXY:
        return "lbd's own"
    with Disk(t) as disk:
        if not disk.there:
            return NO_DISK
        no_reload_for(t, disk, "ring r\n    size 32768\n    backing-file %s" % disk.path("ring"))
    return None


def test_counters_in_a_file(t):
    if IS_HAPROXY:
        return "2.6 has none"
    with Disk(t) as disk:
        if not disk.there:
            return NO_DISK
        no_reload_for(t, disk, "    expose-experimental-directives\n    shm-stats-file %s\n    shm-stats-file-max-objects 1000" % disk.path("shm"),
                      "--compat=3.4")
    return None


def test_states_in_a_file(t):
    """`show servers state` into a file for which there was no room: with a torn line in it nothing is taken, and servers are as
    configured."""
    with Disk(t) as disk:
        if not disk.there:
            return NO_DISK
        servers = "backend be\n" + "".join("    server s%d 127.0.0.1:%d\n" % (i, t.port) for i in range(3))
        words = "    server-state-file %s\n" % disk.path("states")
        proxy = "    load-server-state-from-file global\n" + servers
        t.config("cfg", extra="    stats socket %s level admin\n%s" % (t.path("sock"), words), proxy=proxy)
        p = t.serve("-db", "-f", t.path("cfg"))
        for i in range(3):
            t.cli("set server be/s%d state maint" % i)
        states = t.cli("show servers state be")
        p.kill()
        p.wait()
        cut = states.index("3 be 3") + 20
        with open(disk.path("states"), "w", encoding="utf-8") as f:
            f.write(states[:cut])
        t.config("cfg", extra="    stats socket %s level admin\n%s" % (t.path("sock"), words),
                 proxy=servers.replace("backend be\n", "backend be\n    load-server-state-from-file global\n"))
        t.serve("-db", "-f", t.path("cfg"))
        rows = [x.split() for x in t.cli("show servers state be").splitlines()[2:] if x]
        need([int(r[6]) & 1 for r in rows] == [0, 0, 0] and t.ask() == "ok", rows)
    return None


def test_pid_file(t):
    """A file of which nothing can be written stops nobody."""
    with Disk(t) as disk:
        if not disk.there:
            return NO_DISK
        disk.fill()
        p, worker = master(t, "cfg", "", "-p", disk.path("pid"))
        need(t.ask() == "ok" and alive(worker) and p.poll() is None, "serves")
    return None


if __name__ == "__main__":
    sys.exit(contract.main(globals(), "disk"))
