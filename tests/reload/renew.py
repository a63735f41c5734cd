#!/usr/bin/env python3
"""Reloads inside a running worker: what changes, what is kept, what nobody may notice.

usage: renew.py PROGRAM [PATTERN]        runs the tests whose names contain PATTERN

Prints TAP; stays on 127.0.0.1 and in a temporary folder; ends what it has started.
"""
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask_if_there  # noqa: E402
from ports import free_port  # noqa: E402
from tap import Tap  # noqa: E402

WAIT = 20
CONFIG = """
global
    stats socket {dir}/stats level admin
    nbthread {threads}
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind 127.0.0.1:{port}
    {more}
    http-request return status 200 content-type text/plain string "say-{say}" if {{ path /say }}
    http-request track-sc0 src table st if {{ path /track }}
    default_backend be
backend be
    server s1 127.0.0.1:{origin} {options}
    server s2 127.0.0.1:{origin} weight 7 disabled
backend st
    stick-table type ip size {size} expire 1h store http_req_cnt
{sections}
"""


class Origin:
    """A server that counts connections; /wait is answered when it is let go."""

    def __init__(self):
        self.s = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port, self.accepted, self.waiting = self.s.getsockname()[1], 0, threading.Event()
        self.let_go = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            c, _ = self.s.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        data, counted = b"", False
        try:
            while part := c.recv(4096):
                self.accepted += not counted  # a check brings no bytes
                counted = True
                data += part
                while b"\r\n\r\n" in data:
                    head, _, data = data.partition(b"\r\n\r\n")
                    if b"/wait" in head:
                        self.waiting.set()
                        self.let_go.wait(WAIT)
                    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\norigin")
        except OSError:
            pass


class Client:
    """A connection of HTTP/1.1."""

    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port), WAIT)
        self.data = b""

    def send(self, path):
        self.s.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())

    def more(self):
        part = self.s.recv(4096)
        if not part:
            raise EOFError("closed after %r" % self.data)
        self.data += part

    def answer(self):
        """Head in lower case, and body."""
        while b"\r\n\r\n" not in self.data:
            self.more()
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while len(self.data) < length:
            self.more()
        body, self.data = self.data[:length], self.data[length:]
        return head.decode().lower(), body.decode()

    def get(self, path):
        self.send(path)
        return self.answer()[1]

    def ended(self):
        self.s.settimeout(WAIT)
        return self.s.recv(1) == b""


class Service:
    def __init__(self, program, folder, **changes):
        self.dir, self.origin, self.program = folder, Origin(), folder + "/lbd"
        os.symlink(program, self.program)
        self.now = {"dir": folder, "port": free_port(), "origin": self.origin.port, "threads": 2, "say": 1, "size": "1k",
                    "options": "weight 10 check inter 200ms", "more": "", "sections": ""}
        self.write(**changes)
        env = {k: v for k, v in os.environ.items() if k != "LBD_RELOAD"}
        self.log = open(folder + "/log", "wb")
        self.p = subprocess.Popen([self.program, "-W", "-db", "--compat=3.4", "-S", folder + "/master", "-f", folder + "/cfg"], env=env,
                                  stdout=self.log, stderr=self.log)
        self.until(lambda: self.worker(), "it starts")

    def write(self, text="", **changes):
        self.now.update(changes)
        with open(self.dir + "/cfg", "w") as f:
            f.write(CONFIG.format(**self.now) + text)

    def reload(self, text="", **changes):
        """The answer of the master."""
        self.write(text, **changes)
        return self.ask("reload", "master")

    def ask(self, command, name="stats"):
        return ask_if_there(self.dir + "/" + name, command, WAIT)

    def until(self, what, name):
        end = time.time() + WAIT
        while not what():
            if time.time() > end or self.p.poll() is not None:
                raise AssertionError(name + ": " + open(self.dir + "/log").read()[-3000:])
            time.sleep(0.01)

    def worker(self):
        found = re.search(r"^# workers\n(\d+) ", self.ask("show proc", "master"), re.M)
        return int(found.group(1)) if found else None

    def stat(self, proxy, name, *columns):
        lines = self.ask("show stat").splitlines()
        titles = lines[0].lstrip("# ").split(",")
        for line in lines[1:]:
            words = line.split(",")
            if words[:2] == [proxy, name]:
                return [words[titles.index(c)].removeprefix("* ") for c in columns]  # "* ": the next check is under way
        return None

    def says(self):
        try:
            return self.client().get("/say")
        except OSError:
            return None

    def client(self):
        return Client(self.now["port"])

    def end(self):
        self.p.send_signal(signal.SIGTERM)
        try:
            self.p.wait(WAIT)
        finally:
            self.p.kill()
            self.log.close()
        return self.p.returncode


def need(condition, what):
    if not condition:
        raise AssertionError(str(what))


# --- what changes, and what is kept

def test_same_process(t):
    pid = t.worker()
    need(t.client().get("/say") == "say-1", "before")
    answer = t.reload(say=2)
    need("Success=1" in answer, answer)
    need(t.worker() == pid and t.client().get("/say") == "say-2", "another answer by the same process")


def test_show_proc(t):
    """The worker has survived as many reloads as it says, those that failed as well (management guide, 9.4)."""
    rows = lambda: re.findall(r"^(\d+) +(\S+) +(\d+)(?: \[failed: (\d+)\])? ", t.ask("show proc", "master"), re.M)
    pid = str(t.worker())
    t.reload(say=2)
    need([r[1:] for r in rows()] == [("master", "1", "0"), ("worker", "1", "")] and rows()[1][0] == pid, rows())
    t.reload("nonsense\n")
    need([r[1:] for r in rows()] == [("master", "2", "1"), ("worker", "2", "")], rows())
    t.reload()
    need([r[1:] for r in rows()] == [("master", "3", "0"), ("worker", "3", "")], rows())
    need("Pid: " + pid in t.ask("@!%s show info" % pid, "master"), "by its number")


def test_connections_go_on(t):
    """A client's connection meets the new configuration with its next request."""
    c = t.client()
    need(c.get("/say") == "say-1", "before")
    for n in (2, 3, 4):
        t.reload(say=n)
        need(c.get("/say") == "say-%d" % n, "the same connection, reload %d" % n)


def certificate(folder):
    """A key and a certificate in one file."""
    path = folder + "/c.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=a", "-keyout", path, "-out", path + ".crt"], check=True, capture_output=True, timeout=WAIT)
    with open(path, "a") as key, open(path + ".crt") as crt:
        key.write(crt.read())
    return path


def test_tls_goes_on(t):
    """So does one with TLS, without another handshake; what is counted goes on as well."""
    port = free_port()
    t.reload(more="bind 127.0.0.1:%d ssl crt %s" % (port, certificate(t.dir)))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    c = Client(port)
    c.s = context.wrap_socket(c.s)
    need(c.get("/say") == "say-1", "before")
    for n in (2, 3, 4):
        need("Success=1" in t.reload(say=n), "reload")
        need(c.get("/say") == "say-%d" % n, "the same connection, reload %d" % n)
    need("SslFrontendKeyRate" in t.ask("show info"), "figures of TLS")
    t.reload(more="", say=5)
    c.send("/say")
    head, body = c.answer()
    need("connection: close" in head and body == "say-4", "its address is gone: it ends as it was")


def test_http2_goes_on(t):
    """Many streams of HTTP/2 at a time, over clear connections that begin with it."""
    if not shutil.which("h2load"):
        return
    p = subprocess.Popen(["h2load", "-n", "3000", "-c", "4", "-m", "4", "http://127.0.0.1:%d/say" % t.now["port"]],
                         stdout=subprocess.PIPE, text=True)
    reloads = 0
    while p.poll() is None and reloads < 200:
        reloads += 1
        need("Success=1" in t.reload(say=reloads), "reload")
    out = p.communicate(timeout=WAIT * 5)[0]
    need("3000 done, 3000 succeeded, 0 failed" in out, "%d reloads: %s" % (reloads, out))


def test_streams_finish(t):
    """A request that is under way ends as it began; its connection goes on, whatever has changed meanwhile."""
    c = t.client()
    c.send("/wait")
    need(t.origin.waiting.wait(WAIT), "it has reached the server")
    for n in (2, 3):
        need("Success=1" in t.reload(say=n, options="weight %d" % n), "reload")
    t.origin.let_go.set()
    need(c.answer()[1] == "origin", "the answer of the server")
    need(c.get("/say") == "say-3", "and the next one")


def test_overdue(t):
    """hard-stop-after: what belongs to an older configuration has so much time."""
    t.reload("global\n    hard-stop-after 300ms\n")
    c = t.client()
    c.send("/wait")
    need(t.origin.waiting.wait(WAIT), "it has reached the server")
    t.reload(say=2)
    need(c.ended(), "it ends without an answer")
    need(t.client().get("/say") == "say-2", "others do not")


def test_bound_sessions_end(t):
    """What only the old rules understand ends with its next response, after saying so."""
    more = "tcp-request session set-var(sess.x) int(1)"
    t.reload(more=more)
    c = t.client()
    need(c.get("/say") == "say-1", "before")
    t.reload(say=2)
    c.send("/say")
    head, body = c.answer()
    need("connection: close" in head and body == "say-1" and c.ended(), (head, body))
    need(t.client().get("/say") == "say-2", "a new connection")


def test_counters(t):
    for _ in range(3):
        t.client().get("/")
    before = t.stat("fe", "FRONTEND", "stot", "req_tot") + t.stat("be", "s1", "stot", "hrsp_2xx")
    t.reload(say=2, sections="backend aa\n    server x 127.0.0.1:1\n    server y 127.0.0.1:2\n")
    after = t.stat("fe", "FRONTEND", "stot", "req_tot") + t.stat("be", "s1", "stot", "hrsp_2xx")
    need(before == after == ["3", "3", "3", "3"], (before, after))
    need(t.stat("aa", "y", "stot") == ["0"], "a new server begins at zero")
    t.client().get("/")
    t.reload(say=3, sections="")
    need(t.stat("aa", "y", "stot") is None and t.stat("be", "s1", "stot") == ["4"], "one that goes")
    t.reload(sections="backend ab\n    server x 127.0.0.1:1\n")
    need(t.stat("ab", "x", "stot") == ["0"] and t.stat("be", "s1", "stot") == ["4"], "one that comes in its place")


def test_socket_counters(t):
    """`option socket-stats`: a socket that stays counts on, with the connections that stay; to and from a configuration without it."""
    def row():
        rows = [line.split(",") for line in t.ask("show stat fe 8 -1").splitlines()[1:] if line]
        return [(r[1], int(r[4]), int(r[7])) for r in rows]

    t.reload(more="option socket-stats")
    c = Client(t.now["port"])
    c.get("/say")
    need(row() == [("sock-1", 1, 1)], row())
    before = t.ask("show stat fe 8 -1").splitlines()[1].split(",")[8]
    t.reload(say=2, more="option socket-stats\n    bind %s/two name two" % t.dir)
    need(c.get("/say") == "say-2", "goes on")
    need(row() == [("sock-1", 1, 1), ("two", 0, 0)], row())
    t.until(lambda: int(t.ask("show stat fe 8 -1").splitlines()[1].split(",")[8]) > int(before), "bytes count on")
    t.reload(say=3, more="")
    need(c.get("/say") == "say-3" and row() == [], row())
    t.reload(say=4, more="option socket-stats")
    need(c.get("/say") == "say-4", "still goes on")
    t.until(lambda: row() == [("sock-1", 1, 0)], "the connection is there, and did not come here")
    c.s.close()
    t.until(lambda: row() == [("sock-1", 0, 0)], "it is gone")


def test_servers(t):
    """What checks have found and operators have set, unless the configuration says something else now."""
    t.until(lambda: t.stat("be", "s1", "check_status") == ["L4OK"], "a check")
    t.ask("enable server be/s2")
    t.ask("set server be/s2 weight 3")
    t.ask("set server be/s1 state drain")
    need("Success=1" in t.reload(say=2), "reload")
    need(t.stat("be", "s1", "status", "check_status") == ["DRAIN", "L4OK"], t.stat("be", "s1", "status", "check_status"))
    need(t.stat("be", "s2", "status", "weight") == ["no check", "3"], t.stat("be", "s2", "status", "weight"))
    need(t.client().get("/") == "origin", "traffic goes to the one that is left")
    t.ask("set server be/s1 state ready")
    t.reload(options="weight 20 check inter 200ms")
    need(t.stat("be", "s1", "weight", "check_status") == ["20", "L4OK"], "a weight that the configuration changes")


def test_down_stays_down(t):
    port = free_port()
    t.reload(sections="backend gone\n    server x 127.0.0.1:%d check inter 100ms\n" % port)
    t.until(lambda: t.stat("gone", "x", "status") == ["DOWN"], "it goes down")
    t.reload(say=2)
    need(t.stat("gone", "x", "status") == ["DOWN"] and t.stat("gone", "BACKEND", "status") == ["DOWN"], "still down")
    with socket.create_server(("127.0.0.1", port)):
        t.until(lambda: t.stat("gone", "x", "status") == ["UP"], "it is still checked")


def test_tables(t):
    c = t.client()
    c.get("/track")
    t.reload(say=2)
    c.get("/track")
    need("http_req_cnt=2" in t.ask("show table st"), t.ask("show table st"))
    t.reload(size="2k")
    need("used:0" in t.ask("show table st"), "another definition begins empty")


def test_idle_connections(t):
    need(t.client().get("/") == "origin" and t.origin.accepted == 1, "one connection to the server")
    t.reload(threads=2, say=2)
    c = t.client()
    need(c.get("/") == "origin" and c.get("/") == "origin", "after the reload")
    need(t.origin.accepted <= t.now["threads"], "at most one for each thread: %d" % t.origin.accepted)
    t.reload(options="weight 10 send-proxy")
    c.send("/wait")
    t.origin.let_go.set()
    c.answer()
    need(t.origin.accepted >= 2, "a server that is spoken to in another way")


def test_listeners(t):
    port = free_port()
    c = t.client()
    c.get("/say")
    need("Success=1" in t.reload(more="bind 127.0.0.1:%d" % port), "one more")
    need(Client(port).get("/say") == "say-1", "it listens")
    t.reload(more="", say=2)
    try:
        Client(port)
        need(False, "it still listens")
    except ConnectionRefusedError:
        pass
    need(c.get("/say") == "say-2", "the other goes on")


# --- what goes wrong

def test_broken(t):
    c, pid = t.client(), t.worker()
    answer = t.reload("    nonsense here\n", say=2)
    need("Success=0" in answer and "unknown keyword 'nonsense'" in answer, answer)
    need(re.search(r"\n +\| +\^{8}\n", answer), "carets: " + answer)
    need(c.get("/say") == "say-1" and t.worker() == pid, "nothing has changed")
    need("Success=1" in t.reload() and c.get("/say") == "say-2", "and the next one is as good as any")


def test_new_process(t):
    """What a running process cannot follow a new one does."""
    pid = t.worker()
    need("Success=1" in t.reload(threads=1, say=2), "reload")
    t.until(lambda: t.worker() not in (None, pid) and t.says() == "say-2", "another process")


def stop(t, pid):
    """Back when none of its threads runs any more."""
    os.kill(pid, signal.SIGSTOP)
    states = lambda: [open("/proc/%d/task/%s/stat" % (pid, n)).read().rpartition(")")[2].split()[0] for n in os.listdir("/proc/%d/task" % pid)]
    t.until(lambda: set(states()) == {"T"}, "it stands still")


def test_hung_worker(t):
    """One that does not answer is replaced; it ends when it wakes up."""
    pid = t.worker()
    stop(t, pid)
    try:
        need("Success=1" in t.reload(say=2), "reload")
        t.until(lambda: t.worker() not in (None, pid), "another process")
    finally:
        os.kill(pid, signal.SIGCONT)  # until now half of all connections waited for it: nobody could take its sockets
    t.until(lambda: "# old workers" not in t.ask("show proc", "master"), "the old one ends")
    need(t.client().get("/say") == "say-2", "the other one serves")


def test_killed_worker(t):
    """One that dies while it is asked is replaced as well."""
    stays = "global\n    master-worker no-exit-on-failure\n"
    t.reload(stays)
    t.until(lambda: t.says() == "say-1", "it serves")
    pid = t.worker()
    stop(t, pid)
    asking = threading.Thread(target=lambda: t.reload(stays, say=2))
    asking.start()
    os.kill(pid, signal.SIGKILL)
    asking.join()
    t.until(lambda: t.worker() not in (None, pid) and t.says() == "say-2", "another process")


def test_replaced_program(t):
    """A program that was installed meanwhile comes with the next reload."""
    pid = t.worker()
    shutil.copy2(t.program, t.program + ".new")
    os.rename(t.program + ".new", t.program)
    need("Success=1" in t.reload(say=2), "reload")
    t.until(lambda: t.worker() not in (None, pid) and t.says() == "say-2", "another process")
    pid = t.worker()
    need("Success=1" in t.reload(say=3) and t.worker() == pid and t.says() == "say-3", "which goes on by itself")


def test_busy_address(t):
    """The worker asks for a new process, which cannot have it either."""
    pid = t.worker()
    with socket.create_server(("127.0.0.1", 0)) as s:
        s.listen(1)
        answer = t.reload(more="bind 127.0.0.1:%d" % s.getsockname()[1], say=2)
        need("Success=0" in answer, answer)
    t.until(lambda: t.worker() == pid, "the old one stays")
    t.until(lambda: t.says() == "say-1", "nothing has changed")


def test_many(t):
    """Connections of several generations at a time, and their end."""
    clients = []
    for n in range(2, 22):
        c = t.client()
        c.get("/say")
        clients.append(c)
        if n % 3 == 0:
            c.send("/wait")
        t.reload(say=n, sections="backend n%d\n    server x 127.0.0.1:%d\n" % (n, n))
    t.origin.let_go.set()
    for i, c in enumerate(clients):
        if (i + 2) % 3 == 0:
            need(c.answer()[1] == "origin", "answer %d" % i)
        need(c.get("/say") == "say-21", "connection %d" % i)
    shown = [line.split(",")[0] for line in t.ask("show stat").splitlines()]
    need([name for name in shown if re.match(r"n\d+$", name)] == ["n21", "n21"], shown)


def main():
    program, pattern, tap = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "", Tap("renew")
    for name, test in [(n, f) for n, f in globals().items() if n.startswith("test_") and pattern in n]:
        with tempfile.TemporaryDirectory(prefix="lbd-renew.") as folder:
            error, t = None, None
            try:
                t = Service(program, folder)
                test(t)
            except Exception as e:  # noqa: BLE001
                error = "%s: %s" % (type(e).__name__, e)
            code = t.end() if t else None
            log = open(folder + "/log", errors="replace").read()
            if not error and (code not in (0, 143) or "Sanitizer" in log):
                error = "exit %s" % code
            tap.check(name[5:], not error, "%s\n%s" % (error, log[-6000:]), 200)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
