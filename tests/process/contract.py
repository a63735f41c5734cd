#!/usr/bin/env python3
"""The process contract: options, messages, exit statuses, signals, background, pid file, inherited and handed-over sockets, master and
worker. Everything here holds for HAProxy 2.6 as well: run it with `haproxy` as PROGRAM to see.

usage: contract.py PROGRAM [PATTERN]        runs the tests whose names contain PATTERN

Prints TAP; stays on 127.0.0.1 and in a temporary folder; ends what it has started.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask  # noqa: E402
from ports import free_port  # noqa: E402
from processes import alive, children  # noqa: E402
from waiting import wait  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1]) if "/" in sys.argv[1] else sys.argv[1]
IS_HAPROXY = "haproxy" in os.path.basename(PROGRAM)
NEW_WORKERS = dict(os.environ, LBD_RELOAD="process")  # each reload makes a new one, as HAProxy does
WAIT = 20.0  # a busy machine may take its time; nothing waits that long when all is well


class Failed(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Failed(what)


def until(fn, what, seconds=WAIT):
    value = wait(fn, seconds)
    need(value, "never: " + what)
    return value


class Place:
    """A folder, configurations and processes of one test."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="contract-")
        self.dir = self.folder.name
        self.started, self.pids = [], []
        self.port = free_port()

    def close(self):
        self.end_all()
        self.folder.cleanup()

    def end_all(self):
        for p in self.started:
            if p.poll() is None:
                self.pids += children(p.pid)
                p.kill()
            p.wait()
            if p.stdout:
                p.stdout.close()
        for pid in [c for pid in self.pids if alive(pid) for c in children(pid)] + self.pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        self.started, self.pids = [], []

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def config(self, name="cfg", port=None, text="ok", extra="", proxy=""):
        return self.write(name, """
global
%s
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 1s
frontend fe
    bind 127.0.0.1:%d
    http-request return status 200 content-type text/plain string %s
%s
""" % (extra, port or self.port, text, proxy))

    def run(self, *args, env=None, timeout=10):
        p = subprocess.run([PROGRAM, *args], capture_output=True, cwd=self.dir, timeout=timeout, env=env,
                           stdin=subprocess.DEVNULL)
        return p.returncode, p.stdout.decode(), p.stderr.decode()

    def start(self, *args, **kw):
        p = subprocess.Popen([PROGRAM, *args], cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, **kw)
        self.started.append(p)
        return p

    def serve(self, *args, port=None, **kw):
        """Starts and waits until it answers."""
        p = self.start(*args, **kw)
        until(lambda: self.ask(port=port) or p.poll() is not None, "answers")
        if p.poll() is not None:
            raise Failed("ended with %s: %s" % (p.returncode, p.stdout.read().decode()))
        if "-W" in args:
            time.sleep(0.3)  # HAProxy's worker answers before its master can take signals
        return p

    def ask(self, port=None):
        try:
            with socket.create_connection(("127.0.0.1", port or self.port), 2) as s:
                s.settimeout(2)
                s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answer = b""
                while True:
                    part = s.recv(4096)
                    if not part:
                        break
                    answer += part
            return answer.partition(b"\r\n\r\n")[2].decode()
        except OSError:
            return None

    def pid_in(self, name):
        def read():
            try:
                with open(self.path(name)) as f:
                    text = f.read()
                return int(text) if text.endswith("\n") else None
            except (OSError, ValueError):
                return None
        pid = until(read, "pid file " + name)
        self.pids.append(pid)
        return pid

    def cli(self, command, name="sock", last=False):
        """The answer to one command. last: says that it is all, where the other side would keep the connection."""
        return ask(self.path(name), command, WAIT, last)


def ended(p, seconds=WAIT):
    try:
        out, _ = p.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failed("does not end")
    return p.returncode, out.decode()


# --- questions ---------------------------------------------------------------------------------------------------------

def test_version(t):
    rc, out, err = t.run("-v")
    need(rc == 0 and err == "", "rc %d %s" % (rc, err))
    need(re.match(r"HAProxy version 2\.6\.12\S* \d{4}/\d\d/\d\d - ", out), out)
    rc, out, _ = t.run("-vv")
    need(rc == 0, "rc")
    at = [out.find(x) for x in ("HAProxy version ", "\n  TARGET  = linux-glibc\n", "\nFeature list : ", "\nAvailable services : ")]
    need(at == sorted(at) and -1 not in at, "lines in this order: %s" % at)
    need(re.search(r"\nFeature list :( [+-][A-Z0-9_]+)+\n", out), "feature list")


def test_usage(t):
    for args in ([], ["-zz"], ["cfg"], ["-cc"]):
        rc, out, err = t.run(*args)
        need(rc == 1 and out.startswith("HAProxy version ") and err.startswith("Usage : "), "%s: %d %s" % (args, rc, err))


def test_condition(t):
    for text, want in (("version_atleast(2.4-dev0)", 0), ("version_before(2.4)", 1), ("feature(NOPE)", 1), ("blah(", 2), ("", 1),
                       ("1 && !0", 0), ("streq(a,b) || strneq(a,b)", 0)):
        rc, out, err = t.run("-cc", text)
        need(rc == want, "%s: %d" % (text, rc))
        need(out == "" and (err == "") == (want < 2), "%s says %s" % (text, out + err))


def test_check_valid(t):
    t.config()
    need(t.run("-c", "-f", "cfg") == (0, "Configuration file is valid\n", ""), "-c")
    need(t.run("-c", "-V", "-f", "cfg") == (0, "Configuration file is valid\n", ""), "-c -V")
    need(t.run("-c", "-q", "-f", "cfg") == (0, "", ""), "-c -q")
    need(t.run("-c", "--", "cfg") == (0, "Configuration file is valid\n", ""), "--")
    for switch in "-dM", "-dI", "-dW", "-dD", "-dr", "-dS", "-dG", "-dR", "-de", "-dp", "-db", "-d", "-dMno-merge,tag":
        need(t.run("-c", switch, "-f", "cfg")[0] == 0, switch)


def test_check_invalid(t):
    t.write("bad", "frontend f\n    bind 127.0.0.1:1\n    blah x\n    foo\n")
    rc, out, err = t.run("-c", "-f", "bad")
    lines = [re.sub(r"\(\d+\)", "(PID)", x) for x in err.splitlines()]
    need(rc == 1 and out == "", "rc %d" % rc)
    need(re.match(r"\[NOTICE\]   \(PID\) : haproxy version is 2\.6\.12", lines[0]), lines[0])
    need(lines[1].startswith("[NOTICE]   (PID) : path to executable is /"), lines[1])
    need(lines[2:] == ["[ALERT]    (PID) : config : parsing [bad:3] : unknown keyword 'blah' in 'frontend' section",
                       "[ALERT]    (PID) : config : parsing [bad:4] : unknown keyword 'foo' in 'frontend' section",
                       "[ALERT]    (PID) : config : Error(s) found in configuration file : bad",
                       "[ALERT]    (PID) : config : Fatal errors found in configuration."], err)
    need(t.run("-c", "-q", "-f", "bad") == (1, "", ""), "-q")
    need(t.run("-f", "bad")[0] == 1, "start")


def test_names_without_address(t):
    name = "n" * 64  # longer than a label may be: fails without asking anybody
    t.write("names", """backend b
    source localhost
    default-server source %(n)s
    server s1 127.0.0.1:1 source 127.0.0.1 usesrc %(n)s
backend c
    source %(n)s
""" % {"n": name})
    rc, _, err = t.run("-c", "-f", "names")
    invalid = " : invalid address: '%s' in '%s'" % (name, name)
    need(rc == 1, "rc %d" % rc)
    need(re.findall(r"parsing \[names:(\d)\] : (.*?)%s" % invalid, err) ==
         [("3", "'server b/' : 'source %s'" % name), ("4", "'server b/s1' : 'usesrc %s'" % name), ("6", "'source %s'" % name)], err)


def test_check_no_listener(t):
    t.write("empty", "global\n")
    rc, out, err = t.run("-c", "-f", "empty")
    need((rc, out, err) == (2, "Configuration file has no error but will not start (no listener) => exit(2).\n", ""), out + err)
    rc, out, err = t.run("-f", "empty")
    need(rc == 1 and "No enabled listener found (check for 'bind' directives) ! Exiting." in err, err)


def test_check_warning(t):
    t.write("warn", "frontend f\n    bind 127.0.0.1:1\n")
    rc, out, err = t.run("-c", "-f", "warn")
    need(rc == 0 and out == "Warnings were found.\nConfiguration file is valid\n" and "missing timeouts for frontend 'f'" in err, err)
    rc, out, err = t.run("-c", "-dW", "-f", "warn")
    need(rc == 1 and err.endswith(" : config : Some warnings were found and 'zero-warning' is set. Aborting.\n"), err)


def test_files(t):
    rc, _, err = t.run("-c", "-f", "nofile")
    need(rc == 1 and "config : Cannot open configuration file/directory nofile : No such file or directory\n" in err, err)
    rc, _, err = t.run("-c", "-C", "/nonexistent", "-f", "x")
    need(rc == 1 and err.endswith(" : Could not change to directory /nonexistent : No such file or directory\n"), err)
    os.mkdir(t.path("d"))
    t.write("d/1.cfg", "defaults\n    mode http\n    timeout client 1s\n    timeout server 1s\n    timeout connect 1s\n")
    t.write("d/2.cfg", "frontend f\n    bind 127.0.0.1:1\n")
    t.write("d/3.txt", "nonsense\n")
    need(t.run("-c", "-dW", "-f", "d")[0] == 0, "folder")
    need(t.run("-c", "-dW", "-C", "d", "-f", "1.cfg", "-f", "2.cfg")[0] == 0, "-C and two -f")
    need(t.run("-c", "-dW", "-f", "d/2.cfg", "-f", "d/1.cfg")[0] == 1, "order counts")


# --- life in the foreground --------------------------------------------------------------------------------------------

def test_signals_end(t):
    for number in signal.SIGTERM, signal.SIGINT:
        p = t.serve("-db", "-f", t.config())
        p.send_signal(number)
        need(ended(p) == (-number, ""), "signal %d" % number)
        need(t.ask() is None, "listens")


def test_sigint_inherited_ignored(t):
    if IS_HAPROXY:
        return "lbd's own"
    p = t.serve("-db", "-f", t.config(), preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    p.send_signal(signal.SIGINT)
    need(ended(p)[0] == -signal.SIGINT, "ends")


def test_soft_stop(t):
    p = t.serve("-db", "-f", t.config())
    with socket.create_connection(("127.0.0.1", t.port)) as s:
        s.settimeout(3)
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        time.sleep(0.2)
        p.send_signal(signal.SIGUSR1)
        until(lambda: t.ask() is None, "closes its listeners")
        need(p.poll() is None, "waits for the request under way")
        s.sendall(b"\r\n")
        need(s.recv(4096).startswith(b"HTTP/1.1 200 "), "the request is answered")
    rc, out = ended(p)
    need(rc == 0, "rc %d" % rc)
    need(re.search(r"\[WARNING\]  \(\d+\) : Proxy fe stopped \(cumulated conns: FE: \d+, BE: \d+\)\.\n", out), out)


def test_grace(t):
    p = t.serve("-db", "-f", t.config(extra="    grace 500ms"))
    p.send_signal(signal.SIGUSR1)
    time.sleep(0.2)
    need(t.ask() == "ok", "accepts for a while")
    need(ended(p)[0] == 0, "ends")
    need(t.ask() is None, "listens")


def test_pause_and_resume(t):
    p = t.serve("-db", "-f", t.config())
    p.send_signal(signal.SIGTTOU)
    until(lambda: t.ask() is None, "pauses")
    p.send_signal(signal.SIGTTIN)
    until(lambda: t.ask() == "ok", "resumes")
    p.send_signal(signal.SIGUSR1)
    rc, out = ended(p)
    need(rc == 0 and "Paused frontend fe.\n" in out and "Resumed frontend fe.\n" in out, out)


def test_signals_harmless(t):
    p = t.serve("-db", "-f", t.config(proxy="backend be\n    server s1 127.0.0.1:1\n"))
    for number in signal.SIGHUP, signal.SIGUSR2, signal.SIGPIPE, signal.SIGQUIT:
        p.send_signal(number)
        time.sleep(0.05)
        need(t.ask() == "ok", "serves after signal %d" % number)
    p.send_signal(signal.SIGTERM)
    _, out = ended(p)
    need("SIGHUP received, dumping servers states.\n" in out and "Dumping pools usage." in out, out)
    need(re.search(r"SIGHUP: Server be/s1 is UP\. Conn: 0 act, 0 pend, 0 tot\.\n", out), out)
    need(re.search(r"SIGHUP: Proxy fe has no servers\. Conn: act\(FE\+BE\): \d\+0, 0 pend \(0 unass\), tot\(FE\+BE\): \d\+0\.\n", out), out)


def test_address_in_use(t):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", t.port))
        s.listen(1)
        rc, _, err = t.run("-db", "-f", t.config())
        need(rc == 1, "rc %d" % rc)
        need("cannot bind socket (Address already in use) for [127.0.0.1:%d]\n" % t.port in err, err)
        need("[haproxy.main()] Some protocols failed to start their listeners! Exiting.\n" in err, err)


def test_options_that_make_no_sense(t):
    rc, _, err = t.run("-db", "-f", t.config(), "-sf", "12x")
    need(rc == 1 and "-sf option: some bytes unconsumed in PID list {x}" in err, "-sf: %d %s" % (rc, err))
    p = t.serve("-db", "-S", t.path("master"), "-f", "cfg")
    p.send_signal(signal.SIGTERM)
    _, out = ended(p)
    need("a master CLI socket was defined, but master-worker mode (-W) is not enabled." in out and not os.path.exists(t.path("master")), out)
    p = t.serve("-db", "-V", "-f", "cfg")
    p.send_signal(signal.SIGTERM)
    _, out = ended(p)
    need("Available polling systems :" in out and "Using epoll() as the polling mechanism." in out and "Available filters :" in out, out)


def test_inherited_socket(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(10)
        port = s.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as early:  # queued before the process is there
            early.settimeout(WAIT)
            cfg = t.write("cfg", "defaults\n    mode http\n    timeout client 5s\n    timeout server 1s\n    timeout connect 1s\n"
                                 "frontend fe\n    bind \"fd@${fe1}\"\n    http-request return status 200\n")
            p = t.start("-d", "-f", cfg, pass_fds=[s.fileno()], env=dict(os.environ, fe1=str(s.fileno())))
            early.sendall(b"GET / HTTP/1.0\r\n\r\n")
            need(early.recv(4096).startswith(b"HTTP/1.1 200 "), "answers who waited")
        p.send_signal(signal.SIGTERM)
        need(ended(p)[0] == -signal.SIGTERM, "ends")


def test_environment(t):
    t.config(text='"${GREETING-none}"')
    for value, want in ((None, "none"), ("hello", "hello")):
        env = {k: v for k, v in os.environ.items() if k != "GREETING"}
        if value:
            env["GREETING"] = value
        p = t.serve("-db", "-f", "cfg", env=env)
        need(t.ask() == want, want)
        p.kill()
        p.wait()


# --- background --------------------------------------------------------------------------------------------------------

def test_daemon(t):
    rc, out, err = t.run("-D", "-f", t.config(), "-p", t.path("pid"))
    need(rc == 0 and out == "" and err == "", "rc %d %s" % (rc, err))
    answer, pid = t.ask(), t.pid_in("pid")
    need(answer == "ok", "listens as soon as the parent returns")
    for fd in 0, 1, 2:
        need(os.readlink("/proc/%d/fd/%d" % (pid, fd)) == "/dev/null", "fd %d" % fd)
    need(os.getsid(pid) == pid, "a session of its own")
    os.kill(pid, signal.SIGUSR1)
    until(lambda: not alive(pid), "ends")


def test_daemon_fails(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", t.port))
        s.listen(1)
        rc, _, err = t.run("-D", "-f", t.config(), "-p", t.path("pid"))
        need(rc == 1 and "cannot bind socket" in err, err)
    rc, _, err = t.run("-D", "-f", t.config(), "-p", "/nonexistent/pid")
    need(rc == 1 and "Cannot create pidfile /nonexistent/pid" in err, err)
    need(t.ask() is None, "nobody listens")


def test_privileges(t):
    if os.geteuid():
        return "needs root"
    os.chmod(t.dir, 0o755)
    os.mkdir(t.path("jail"))
    t.config(extra="    chroot %s\n    user nobody\n    group nogroup\n    daemon\n    pidfile %s" % (t.path("jail"), t.path("pid")))
    need(t.run("-f", "cfg")[0] == 0, "starts")
    pid = t.pid_in("pid")
    with open("/proc/%d/status" % pid) as f:
        status = f.read()
    need(re.search(r"\nUid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534\n", status), "user and group")
    need(re.search(r"\nGroups:\t *\n", status), "no other groups")
    need(os.readlink("/proc/%d/root" % pid) == t.path("jail"), "root")
    need(t.ask() == "ok", "answers")
    os.kill(pid, signal.SIGTERM)


# --- taking over -------------------------------------------------------------------------------------------------------

def daemon(t, n, *args):
    rc, out, err = t.run("-D", "-f", t.config("cfg%d" % n, text="gen%d" % n, extra="    stats socket %s level admin expose-fd listeners"
                                              % t.path("sock")), "-p", t.path("pid%d" % n), *args)
    need(rc == 0, "generation %d: rc %d %s" % (n, rc, err))
    return t.pid_in("pid%d" % n)


def test_take_over(t):
    first = daemon(t, 1)
    second = daemon(t, 2, "-sf", str(first))
    until(lambda: not alive(first), "the first one leaves")
    need(t.ask() == "gen2", "the second one serves")
    third = daemon(t, 3, "-st", str(second), str(first))
    until(lambda: not alive(second), "the second one leaves")
    need(t.ask() == "gen3", "the third one serves")
    fourth = daemon(t, 4, "-x", t.path("sock"), "-sf", str(third))
    until(lambda: not alive(third), "the third one leaves")
    need(t.ask() == "gen4", "the fourth one serves")
    need("Uptime" in t.cli("show info"), "its stats socket, too")
    need(t.run("-c", "-f", "cfg1", "-sf")[0] == 0, "an empty list of pids is fine")
    os.kill(fourth, signal.SIGTERM)


def test_take_over_between_programs(t):
    """Sockets go from HAProxy to the program and back, through the stats socket; those in the backlog are served by the next one."""
    if IS_HAPROXY or not shutil.which("haproxy"):
        return "needs both programs"
    extra = "    stats socket %s level admin expose-fd listeners" % t.path("sock")
    t.port = free_port(4)
    pid = None
    for n, program in enumerate(("haproxy", PROGRAM, "haproxy", PROGRAM)):
        cfg = t.config("cfg%d" % n, text="gen%d" % n, extra=extra, proxy="frontend more\n    bind 127.0.0.1:%d-%d\n"
                       % (t.port + 1, t.port + 3))
        more = ["-x", t.path("sock"), "-sf", str(pid)] if pid else []
        done = subprocess.run([program, "-D", "-f", cfg, "-p", t.path("pid%d" % n), *more], capture_output=True, timeout=10)
        need(done.returncode == 0, "%s: %s" % (program, done.stderr.decode()))
        old, pid = pid, t.pid_in("pid%d" % n)
        if old:
            until(lambda: not alive(old), "the old one leaves")
        need(t.ask() == "gen%d" % n, "%s serves" % program)
    with open("/proc/net/tcp") as f:
        lines = [x.split() for x in f if ":%04X 00000000:0000 0A" % t.port in x]
    need(len(lines) == 1, "one socket listens, the first one: %s" % lines)
    os.kill(pid, signal.SIGTERM)


def test_take_over_fails(t):
    first = daemon(t, 1)
    t.write("bad", "frontend f\n    blah\n")
    need(t.run("-D", "-f", "bad", "-sf", str(first))[0] == 1, "rc")
    need(t.ask() == "gen1", "the first one serves on")
    rc, _, err = t.run("-D", "-f", "cfg1", "-x", "/nonexistent")
    need(rc == 1 and "Failed to connect to the old process socket '/nonexistent'\n" in err, err)
    need(err.endswith(" : Failed to get the sockets from the old process!\n"), err)
    need(t.ask() == "gen1", "the first one serves on")


# --- master and worker -------------------------------------------------------------------------------------------------

def lines_of(out):
    return [re.sub(r"\(\d+\)", "(PID)", x) for x in out.splitlines()]


def test_master_reload(t):
    t.config(text="one")
    p = t.serve("-W", "-db", "-f", "cfg", "-p", "pid", env=NEW_WORKERS)
    need(t.pid_in("pid") == p.pid, "the pid file holds the master's")
    first = children(p.pid)
    need(len(first) == 1, "one worker")
    t.config(text="two")
    p.send_signal(signal.SIGUSR2)
    until(lambda: t.ask() == "two", "reloads")
    until(lambda: not alive(first[0]), "the old worker leaves")
    time.sleep(0.3)
    t.write("cfg", "nonsense\n")
    p.send_signal(signal.SIGUSR2)
    time.sleep(0.5)
    need(t.ask() == "two" and len(children(p.pid)) == 1, "a broken file changes nothing")
    t.config(text="three")
    p.send_signal(signal.SIGHUP)
    until(lambda: t.ask() == "three", "reloads again")
    time.sleep(0.3)
    p.send_signal(signal.SIGUSR1)
    rc, out = ended(p)
    need(rc == 0, "rc %d" % rc)
    said = lines_of(out)
    for line in ("[NOTICE]   (PID) : New worker (PID) forked", "[NOTICE]   (PID) : Loading success.", "[NOTICE]   (PID) : Reloading HAProxy",
                 "[WARNING]  (PID) : Loading failure!", "[WARNING]  (PID) : Former worker (PID) exited with code 0 (Exit)",
                 "[WARNING]  (PID) : Exiting Master process...", "[WARNING]  (PID) : Current worker (PID) exited with code 0 (Exit)"):
        need(line in said, "%s in %s" % (line, said))
    need(out.endswith(" : All workers exited. Exiting... (0)\n"), said[-1])


def test_master_end(t):
    for number, want in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        p = t.serve("-W", "-db", "-f", t.config())
        worker = children(p.pid)[0]
        p.send_signal(number)
        rc, out = ended(p)
        need(rc == want and not alive(worker), "signal %d: rc %d" % (number, rc))
        need("Current worker (%d) exited with code %d " % (worker, 128 + number) in out, out)


def test_master_worker_dies(t):
    p = t.serve("-W", "-db", "-f", t.config())
    os.kill(children(p.pid)[0], signal.SIGKILL)
    rc, out = ended(p)
    need(rc == 137, "rc %d" % rc)
    need("exited with code 137 (Killed)\n" in out and "exit-on-failure: killing every processes with SIGTERM\n" in out, out)


def test_master_fails(t):
    t.write("bad", "frontend f\n    blah\n")
    need(t.run("-W", "-f", "bad")[0] == 1, "bad configuration")
    with socket.socket() as s:
        s.bind(("127.0.0.1", t.port))
        s.listen(1)
        rc, _, err = t.run("-W", "-db", "-f", t.config())
        need(rc == 1 and "cannot bind socket" in err, err)


def test_master_daemon(t):
    need(t.run("-W", "-D", "-f", t.config(), "-p", "pid")[0] == 0, "starts")
    pid = t.pid_in("pid")
    need(t.ask() == "ok", "serves")
    need(len(children(pid)) == 1, "is the master")
    os.kill(pid, signal.SIGUSR2)
    time.sleep(0.3)
    need(alive(pid) and t.ask() == "ok", "serves after a reload")
    os.kill(pid, signal.SIGTERM)
    until(lambda: not alive(pid), "ends")


def test_service_manager(t):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.settimeout(WAIT)
        s.bind(t.path("notify"))
        p = t.start("-Ws", "-f", t.config(), env=dict(os.environ, NOTIFY_SOCKET=t.path("notify")))

        def hear(want):
            for _ in range(5):
                text = s.recv(1000).decode()
                if want in text:
                    return
            raise Failed("never told: " + want)
        hear("READY=1\nMAINPID=%d" % p.pid)
        time.sleep(0.3)
        p.send_signal(signal.SIGUSR2)
        hear("RELOADING=1")
        hear("READY=1")
        time.sleep(0.3)
        p.send_signal(signal.SIGUSR1)
        hear("STOPPING=1")
        need(ended(p)[0] == 0, "rc")


# --- the control socket ------------------------------------------------------------------------------------------------

def test_cli(t):
    cfg = t.config(extra="    stats socket %s level admin mode 600" % t.path("sock"), proxy="backend be\n    server s1 127.0.0.1:1\n")
    t.serve("-db", "-f", cfg)
    need(os.stat(t.path("sock")).st_mode & 0o777 == 0o600, "mode")
    need(re.match(r"2\.6\.12\S*\n\n$", t.cli("show version")), "show version")
    need(t.cli("get weight be/s1; disable server be/s1") == "1 (initial 1)\n\n\n", "two commands")
    need(",MAINT," in t.cli("show stat"), "show stat")
    need(t.cli("show info").startswith("Name: HAProxy\nVersion: "), "show info")
    need(t.cli("nonsense").startswith("Unknown command"), "unknown command")


def main(where=None, area="process"):
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    tests = [(n, f) for n, f in (where or globals()).items() if n.startswith("test_") and pattern in n]
    failed = 0
    for name, test in tests:
        place = Place()
        try:
            skip = test(place)
            print("ok - %s: %s%s" % (area, name[5:], " # SKIP " + skip if skip else ""), flush=True)
        except (Failed, OSError, subprocess.SubprocessError, ValueError, LookupError) as e:
            failed += 1
            print("not ok - %s: %s" % (area, name[5:]))
            print("\n".join("# " + x for x in str(e).splitlines()[:20]), flush=True)
        finally:
            place.close()
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
