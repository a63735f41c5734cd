#!/usr/bin/env python3
"""The master process: its control socket, reloads, programs, children that fail. Holds for HAProxy 2.6 too, but for what is marked
as ours: run it with `haproxy` as PROGRAM to see.

usage: master.py PROGRAM [PATTERN]        runs the tests whose names contain PATTERN

Prints TAP; stays on 127.0.0.1 and in a temporary folder; ends what it has started.
"""
import os
import re
import resource
import signal
import socket
import sys
import time

import contract
from contract import IS_HAPROXY, alive, children, ended, need, until

OURS = "not what HAProxy 2.6 does" if IS_HAPROXY else None
HEAD = "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"


class Prompt:
    """A session that stays: every answer ends with the prompt."""

    def __init__(self, t, name="master"):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(contract.WAIT)
        self.s.connect(t.path(name))
        self.ask("prompt")

    def ask(self, command):
        self.s.sendall(command.encode() + b"\n")
        answer = b""
        while not re.search(rb"(^|\n)[^\n]*> $", answer):
            part = self.s.recv(65536)
            if not part:
                break
            answer += part
        return answer.decode()

    def close(self):
        self.s.close()


def ask(t, command, name="master"):
    """One command; the master keeps the connection, so this says that it is all."""
    return t.cli(command, name, last=True)


def procs(t):
    """Rows of `show proc` by their heading."""
    found, heading = {}, ""
    for line in ask(t, "show proc").splitlines():
        if line.startswith("# "):
            heading = line[2:]
            found.setdefault(heading, [])
        elif line and not line.startswith("#"):
            found.setdefault(heading, []).append(re.split(r" {2,}", line.strip()))
    return found


def ready(t):
    try:
        return procs(t)
    except OSError:
        return None


def start(t, *args, proxy="", extra="", text="ok", **kw):
    t.config(proxy=proxy, extra=extra, text=text)
    p = t.start("-W", "-db", "-S", t.path("master"), "-f", "cfg", *args, **kw)
    until(lambda: p.poll() is not None or (t.ask() and ready(t)), "answers")
    if p.poll() is not None:
        raise contract.Failed(p.stdout.read().decode())
    return p


def reload(t, p):
    """By signal; back when the master has done it, well or not."""
    before = reloads(t)
    p.send_signal(signal.SIGUSR2)
    until(lambda: ready(t) and reloads(t) == before + 1, "reloads")


def reloads(t):
    return int(procs(t)[""][0][2].split()[0])


def failures(t):
    return int(re.search(r"failed: (\d+)", procs(t)[""][0][2]).group(1))


def hold(t, text="ok"):
    """A connection that has begun a request, which keeps its worker from ending: the one that answers with this text. Right after a
    reload it may be the old one that accepts."""
    while True:
        s = socket.create_connection(("127.0.0.1", t.port), contract.WAIT)
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT")
        if s.recv(1000).endswith(text.encode()):
            return s
        s.close()


# --- the control socket ------------------------------------------------------------------------------------------------

def test_show_proc(t):
    p = start(t)
    worker = children(p.pid)[0]
    said = ask(t, "show proc")
    need(said.startswith(HEAD) and said.endswith("# programs\n\n"), said)
    rows = procs(t)
    need(rows[""][0][:3] == [str(p.pid), "master", "0 [failed: 0]"], rows)
    need(rows["workers"][0][:3] == [str(worker), "worker", "0"] and "old workers" not in rows, rows)
    need(re.match(r"0d00h00m\d\ds$", rows["workers"][0][3]) and rows["workers"][0][4].startswith("2.6.12"), rows)


def test_prefixes(t):
    p = start(t, extra="    stats socket %s level admin" % t.path("worker"))
    worker = children(p.pid)[0]
    for prefix in ("@1", "@!%d" % worker):
        need("Pid: %d\n" % worker in ask(t, prefix + " show info"), prefix)
    for prefix in ("@", "@0", "@master"):
        need(ask(t, prefix + " show proc").startswith(HEAD), prefix)
    need(ask(t, "@1; show cli level; show cli level") == "admin\n\nadmin\n\n", "stays at the worker")
    need(ask(t, "operator; @1 show cli level") == "operator\n\n", "takes the level along")
    need(ask(t, "user; @1 clear counters all") == "Permission denied\n\n", "level of a user")
    need(ask(t, "user; reload") == "Permission denied\n\n", "who may reload")
    for prefix in ("@2", "@-1", "@1x", "@!1", "@!%d" % p.pid):
        need(ask(t, prefix + " show info").rstrip("\n") == "Can't find the target PID matching the prefix '%s'" % prefix, prefix)
    need(ask(t, "@1 show stat") == t.cli("show stat", "worker"), "the same as at the worker")


def test_prompt(t):
    p = start(t)
    worker = children(p.pid)[0]
    s = Prompt(t)
    need(s.ask("@1") == "%d> " % worker, "prompt of a worker")
    need(s.ask("show cli level") == "admin\n\n%d> " % worker, "answer of a worker")
    need(s.ask("expert-mode on") == "%d(e)> " % worker, "expert")
    need(s.ask("experimental-mode on") == "%d(xe)> " % worker, "experimental")
    need(s.ask("@; mcli-debug-mode on").endswith("master(xed)> "), "debug")
    need("show servers state" in s.ask("help show"), "a worker's commands")
    s.close()


def test_payload(t):
    t.write("names", "a b\n")
    t.config(proxy="frontend map\n    bind %s\n    use_backend %%[path,map(%s,none)]\n" % (t.path("map.sock"), t.path("names")))
    p = t.start("-W", "-db", "-S", t.path("master"), "-f", "cfg")
    until(lambda: p.poll() is not None or (t.ask() and ready(t)), "answers")
    need(ask(t, "@1 add map %s <<\nc d\ne f\n\nshow version" % t.path("names")).endswith("\n\n"), "takes it")
    need([x.split()[1:] for x in ask(t, "@1 show map " + t.path("names")).splitlines() if x] == [["a", "b"], ["c", "d"], ["e", "f"]],
         ask(t, "@1 show map " + t.path("names")))


def test_large_answer(t):
    proxy = "".join("backend be%d\n    server s%d 127.0.0.1:1\n" % (i, i) for i in range(2000))
    start(t, proxy=proxy, extra="    stats socket %s level admin" % t.path("worker"))
    own, relayed = t.cli("show stat", "worker"), ask(t, "@1 show stat")
    need(len(own) > 400000 and own.count("\n") == relayed.count("\n"), "%d and %d lines" % (own.count("\n"), relayed.count("\n")))


# --- reload ------------------------------------------------------------------------------------------------------------

def test_reload_command(t):
    p = start(t, text="one")
    t.config(text="two")
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(contract.WAIT)
        s.connect(t.path("master"))
        s.sendall(b"reload\n")
        need(not s.recv(1000).strip(), "the connection ends without a word")
    until(lambda: t.ask() == "two", "serves the new configuration")
    until(lambda: ready(t) and reloads(t) == 1, "counted")
    need(p.poll() is None and len(procs(t)["workers"]) == 1, "is the same master")


def test_reload_report(t, env=None):
    """Since 2.7 the command waits and tells what came of it (option --compat)."""
    if OURS:
        return OURS
    start(t, "--compat=3.0", env=env)
    need(ask(t, "reload").startswith("Success=1\n--\n"), "success")
    t.write("cfg", "global\n    nonsense here\n")
    said = ask(t, "reload")
    need(said.startswith("Success=0\n--\n") and "unknown keyword 'nonsense'" in said, said)
    need("Loading failure!" in ask(t, "show startup-logs"), "told later as well")
    need(t.ask() == "ok", "serves on")


def test_reload_broken(t, env=None):
    p = start(t, text="one", env=env)
    t.write("cfg", "global\n    nonsense here\n")
    reload(t, p)
    need(t.ask() == "one" and failures(t) == 1, "the old worker serves on")
    s = Prompt(t)
    need(s.ask("show version").endswith("master[ReloadFailed]> "), "the prompt tells")
    s.close()
    reload(t, p)
    need(failures(t) == 2, "failures in a row")
    t.config(text="two")
    reload(t, p)
    until(lambda: t.ask() == "two", "serves the new configuration")
    need(failures(t) == 0 and reloads(t) == 3, "counted")
    p.send_signal(signal.SIGTERM)
    out = ended(p)[1]
    need("parsing [cfg:2] : unknown keyword 'nonsense' in 'global' section" in out and "Loading failure!" in out, out)


def test_reload_port_taken(t, env=None):
    p = start(t, text="one", env=env)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        t.config(text="two", port=s.getsockname()[1])
        reload(t, p)
        until(lambda: t.ask() == "one", "serves on")  # it had paused to make room
        need(failures(t) == 1, "a failure")
    t.config(text="three")
    reload(t, p)
    until(lambda: t.ask() == "three", "goes on when the file is right")


def test_reload_by_new_workers(t):
    """The same when the worker does not take configurations over by itself."""
    if OURS:
        return OURS
    for test in (test_reload_report, test_reload_broken, test_reload_port_taken):
        test(t, contract.NEW_WORKERS)
        t.end_all()


def test_old_workers(t):
    p = start(t, extra="    mworker-max-reloads 2", text="worker-0", env=contract.NEW_WORKERS)
    held, pids = [], []
    for i in range(3):
        held.append(hold(t, "worker-%d" % i))
        t.config(extra="    mworker-max-reloads 2", text="worker-%d" % (i + 1))
        pids.append(children(p.pid)[0] if i == 0 else int(procs(t)["workers"][0][0]))
        reload(t, p)
        if i < 2:
            rows = procs(t)["old workers"]
            need([r[0] for r in rows] == [str(x) for x in reversed(pids)] and [r[2] for r in rows] == [str(n + 1) for n in range(i + 1)], rows)
    until(lambda: not alive(pids[0]), "the eldest is ended")
    need(alive(pids[1]) and alive(pids[2]), "the others live")
    need("Pid: %d\n" % pids[1] in ask(t, "@!%d show info" % pids[1]), "one that leaves answers")
    need("Stopping: 1\n" in ask(t, "@!%d show info" % pids[1]), "and is stopping")
    for s in held:
        s.close()
    until(lambda: not alive(pids[1]) and not alive(pids[2]), "they leave")
    need("old workers" not in procs(t), "and are forgotten")


def test_hard_reload(t):
    """A new worker, and the old one does not wait for its connections (3.4); the next reload is an ordinary one."""
    if OURS:
        return OURS
    p = start(t, "--compat=3.4", text="one", proxy="    timeout client 30s")
    s, worker = hold(t, "one"), children(p.pid)[0]
    t.config(text="two", proxy="    timeout client 30s")
    with socket.socket(socket.AF_UNIX) as c:
        c.settimeout(contract.WAIT)
        c.connect(t.path("master"))
        c.sendall(b"hard-reload\n")
        need(c.recv(100).startswith(b"Success=1\n"), "says how it went")
    until(lambda: not alive(worker), "the old worker is gone")
    need(s.recv(100) == b"", "with its connections")
    until(lambda: t.ask() == "two" and ready(t) and "old workers" not in procs(t), "the new one serves")
    worker = int(procs(t)["workers"][0][0])
    t.config(text="three", proxy="    timeout client 30s")
    reload(t, p)
    until(lambda: t.ask() == "three", "reloads softly")
    need(int(procs(t)["workers"][0][0]) == worker, "inside the worker")


def test_hard_stop_after(t):
    p = start(t, extra="    hard-stop-after 300ms", env=contract.NEW_WORKERS)
    s, worker = hold(t), children(p.pid)[0]
    reload(t, p)
    until(lambda: not alive(worker), "ends though a connection is open")
    s.close()


def test_sockets_survive(t):
    """The master's socket listens all the time, also while the master executes itself."""
    p = start(t)
    for _ in range(10):
        p.send_signal(signal.SIGUSR2)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(t.path("master"))  # a session that has begun ends; none is refused
    until(lambda: ready(t), "is there")


# --- programs ----------------------------------------------------------------------------------------------------------

def is_nobody(pid):
    with open("/proc/%d/status" % pid) as f:
        return re.search(r"Uid:\t65534\t65534", f.read())


def test_programs(t):
    if os.geteuid():
        return "needs root to change users"
    p = start(t, proxy="program stays\n    command sleep 100\n    no option start-on-reload\n"
              "program comes\n    command sleep 101\n    user nobody\n    group nogroup\n")
    rows = procs(t)["programs"]
    need([r[1] for r in rows] == ["stays", "comes"] and rows[0][4] == "-", rows)
    first = [int(r[0]) for r in rows]
    until(lambda: is_nobody(first[1]), "runs as nobody")
    reload(t, p)
    until(lambda: not alive(first[0]) and not alive(first[1]), "the old ones get SIGUSR1")
    until(lambda: [r[1] for r in procs(t)["programs"]] == ["comes"], "one starts anew")
    second = int(procs(t)["programs"][0][0])
    p.send_signal(signal.SIGTERM)
    rc, out = ended(p)
    need(rc == 0 and not alive(second), rc)
    need("Former program 'comes' (%d) exited with code 138 (User defined signal 1)" % first[1] in out, out)
    need("Current program 'comes' (%d) exited with code 143 (Terminated)" % second in out, out)


def test_program_fails(t):
    for command, code, words in (("/bin/false", 1, "(Exit)"), ("/no/such/program", 1, "Cannot execute /no/such/program: No such file or directory")):
        t.config(proxy="program x\n    command %s\n" % command)
        p = t.start("-W", "-db", "-f", "cfg")
        rc, out = ended(p)
        need(rc == code and "Current program 'x'" in out and words in out and "exit-on-failure" in out, (rc, out))


def test_program_ends(t):
    p = start(t, proxy="program x\n    command /bin/true\n")
    until(lambda: not procs(t)["programs"], "it is gone")
    need(t.ask() == "ok", "the worker stays")
    p.send_signal(signal.SIGTERM)
    rc, out = ended(p)
    need(rc == 0 and "[ALERT]" in out and "exited with code 0 (Exit)" in out, (rc, out))


# --- failures ----------------------------------------------------------------------------------------------------------

def test_worker_dies(t):
    for number, want, fails in ((signal.SIGKILL, 137, True), (signal.SIGSEGV, 139, True), (signal.SIGTERM, 0, False), (signal.SIGUSR1, 0, False)):
        p = start(t)
        os.kill(children(p.pid)[0], number)
        rc, out = ended(p)
        need(rc == want and ("exit-on-failure" in out) == fails, (number, rc, out))


def test_no_exit_on_failure(t):
    """As the manual says; HAProxy 2.6.12 ends all the same."""
    if OURS:
        return OURS
    p = start(t, extra="    master-worker no-exit-on-failure")
    os.kill(children(p.pid)[0], signal.SIGKILL)
    until(lambda: not procs(t)["workers"], "the worker is gone")
    need(p.poll() is None and ask(t, "@1 show info").startswith("Can't find"), "the master stays")
    t.write("cfg", "nonsense\n")
    reload(t, p)
    need(p.poll() is None and failures(t) == 1, "a broken file does not end it")
    t.config(text="again", extra="    master-worker no-exit-on-failure")
    reload(t, p)
    until(lambda: t.ask() == "again", "serves again")
    p.send_signal(signal.SIGTERM)
    need(ended(p)[0] in (0, 137), "ends")


def test_worker_without_descriptors(t):
    """A worker that has none left goes on with what it has, and with the rest once there are some again."""
    p = start(t, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60)), extra="    maxconn 10000\n    ulimit-n 60")\
        if not IS_HAPROXY else start(t)
    worker = children(p.pid)[0]
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (40, 60))
    held = []
    for _ in range(60):
        s = socket.create_connection(("127.0.0.1", t.port), contract.WAIT)
        held.append(s)
    need(alive(worker) and alive(p.pid), "lives")
    for s in held:
        s.close()
    until(lambda: t.ask() == "ok", "serves again")
    reload(t, p)
    until(lambda: t.ask() == "ok", "and reloads")


def test_full_disk_for_logs(t):
    """Lines that find no room are lost; nothing else is."""
    log = open(t.path("log"), "wb")
    p = start(t, extra="    log fd@%d format raw local0" % log.fileno(), proxy="", pass_fds=[log.fileno()],
              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
    for _ in range(30):
        need(t.ask() == "ok", "serves")
    need(p.poll() is None, "the master lives")
    reload(t, p)
    until(lambda: t.ask() == "ok", "reloads")
    log.close()


def test_little_memory(t):
    """-m: what does not fit is refused; the process goes on."""
    p = start(t, "-m", "64")
    worker = children(p.pid)[0]
    held = []
    for _ in range(400):
        s = socket.create_connection(("127.0.0.1", t.port), contract.WAIT)
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 8000)
        held.append(s)
    need(alive(worker), "the worker lives")
    for s in held:
        s.close()
    until(lambda: t.ask() == "ok", "serves again")
    reload(t, p)
    until(lambda: t.ask() == "ok", "and reloads")


if __name__ == "__main__":
    sys.exit(contract.main(globals(), "master"))
