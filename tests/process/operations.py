#!/usr/bin/env python3
"""What operators do to a running process, and what keywords of `global` do to it from its first moment on.

usage: operations.py PROGRAM [PATTERN]      as contract.py; everything here holds for HAProxy 2.6 as well
"""
import os
import resource
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


# --- commands of the control sockets ------------------------------------------------------------------------------------

# Those that HAProxy 2.6 has, and those of 3.x; the words of each are separated by a comma.
COMMANDS_26 = """
_getsocks, abort ssl ca-file, abort ssl cert, abort ssl crl-file, add acl, add map, add server, add ssl crt-list, clear acl, clear
counters, clear map, clear table, commit acl, commit map, commit ssl ca-file, commit ssl cert, commit ssl crl-file, debug dev bug, debug
dev check, debug dev close, debug dev delay, debug dev exit, debug dev fd, debug dev hex, debug dev log, debug dev loop, debug dev
panic, debug dev sched, debug dev stream, debug dev sym, debug dev tkill, debug dev warn, debug dev write, del acl, del map, del server,
del ssl ca-file, del ssl cert, del ssl crl-file, del ssl crt-list, disable agent, disable dynamic-cookie backend, disable frontend,
disable health, disable server, enable agent, enable dynamic-cookie backend, enable frontend, enable health, enable server, get acl, get
map, get var, get weight, httpclient, new ssl ca-file, new ssl cert, new ssl crl-file, prepare acl, prepare map, set dynamic-cookie-key
backend, set map, set maxconn frontend, set maxconn global, set maxconn server, set profiling, set rate-limit, set server, set
severity-output, set ssl ca-file, set ssl cert, set ssl crl-file, set ssl ocsp-response, set ssl tls-key, set table, set timeout, set
var, set weight, show acl, show activity, show backend, show cache, show errors, show events, show fd, show info, show libs, show map,
show peers, show pools, show profiling, show resolvers, show schema json, show servers conn, show servers state, show sess, show ssl
ca-file, show ssl cert, show ssl crl-file, show ssl crt-list, show ssl ocsp-response, show ssl providers, show stat, show table, show
tasks, show threads, show tls-keys, show trace, shutdown frontend, shutdown session, shutdown sessions server, trace
"""
COMMANDS_3X = """
acme challenge_ready, acme renew, acme status, add backend, add ssl ca-file, add ssl jwt, debug counters, debug dev deadlock, debug dev
hash, debug dev task, del backend, del ssl jwt, dump ssl cert, dump stats-file, publish backend, set anon global-key, set anon off, set
anon on, show anon, show dev, show quic, show ssl jwt, show ssl ocsp-updates, show ssl sni, unpublish backend, update ssl ocsp-response,
wait
"""
# What they are about does not exist (yet).
ABSENT = """
debug dev sched, debug dev stream, del ssl jwt, acme challenge_ready, add ssl jwt, debug dev
deadlock, debug counters, acme status, debug dev task, show ssl jwt, show quic, acme renew
"""
COMMANDS_MASTER = """
@master, operator, reload, show cli level, show cli sockets, show proc, show version, user, help, prompt,
expert-mode, experimental-mode, mcli-debug-mode, quit
"""
ENDS = {"debug dev bug", "debug dev exit", "debug dev panic", "debug dev tkill", "debug dev loop", "debug dev delay", "debug dev close"}


def names_in(text):
    return [x.strip() for x in text.replace("\n", " ").split(",")]


def test_commands_are_known(t):
    cfg = t.config(extra="    stats socket %s level admin" % t.path("sock"))
    t.serve("-db", "-f", cfg)
    absent = set(names_in(ABSENT))
    known = names_in(COMMANDS_26) + ([] if contract.IS_HAPROXY else [x for x in names_in(COMMANDS_3X) if x not in absent])
    unknown = []
    for name in known:
        if name in absent or name in ENDS or name in ("prompt", "quit", "_getsocks"):
            continue
        answer = t.cli("expert-mode on; experimental-mode on; %s" % name)
        if "Unknown command" in answer:
            unknown.append(name)
    need(not unknown, "unknown: " + ", ".join(unknown))
    if not contract.IS_HAPROXY:  # a list that says too much is wrong as well
        now = [x for x in absent if "Unknown command" not in t.cli("expert-mode on; experimental-mode on; %s" % x)]
        need(not now, "no longer absent: " + ", ".join(now))


def test_commands_of_the_master_are_known(t):
    cfg = t.config()
    t.serve("-W", "-S", t.path("master") + ",level,admin", "-f", cfg)
    unknown = [x for x in names_in(COMMANDS_MASTER) if x != "reload" and "Unknown command" in t.cli("expert-mode on; experimental-mode on; %s; quit" % x, "master")]
    need(not unknown, "unknown: " + ", ".join(unknown))


# --- keywords of `global` -------------------------------------------------------------------------------------------------

def status_of(p):
    with open("/proc/%d/status" % p.pid) as f:
        return dict(x.rstrip("\n").split(":\t", 1) for x in f if ":\t" in x)


def limit_of(p, name):
    with open("/proc/%d/limits" % p.pid) as f:
        return [x.split(name)[1].split()[:2] for x in f if x.startswith(name)][0]


def with_global(t, words, *args, **kw):
    return t.serve("-db", *args, "-f", t.config(extra="    stats socket %s level admin\n%s" %
                                                 (t.path("sock"), "\n".join("    " + x for x in words)), **kw))


def end(p):
    p.kill()
    p.wait()


def test_environment_keywords(t):
    os.environ.update(KEEP="1", GONE="2", SET="3", OLD="4")
    try:
        for words, want in ((["presetenv SET new", "presetenv FRESH b", "setenv OLD a"], "13ab"),
                            (["unsetenv SET OLD", "setenv FRESH c"], "1c"),
                            (["resetenv KEEP PATH", "setenv FRESH d"], "1d")):
            p = with_global(t, words, text='"${KEEP-}${SET-}${OLD-}${FRESH-}"')
            need(t.ask() == want, "%s: %s" % (words, t.ask()))
            end(p)
    finally:
        for name in "KEEP", "GONE", "SET", "OLD":
            del os.environ[name]


def test_names(t):
    p = with_global(t, ["node thisone", 'description "what it does"', "presetenv IN here"])
    info = t.cli("show info")
    need("\nnode: thisone\n" in info and "\ndescription: what it does\n" in info, info[-800:])
    need(t.cli("show env IN") == "IN=here\n\n", "show env")
    end(p)


def test_descriptors(t):
    cfg = t.config(extra="    ulimit-n 2000\n    maxconn 100")
    p = t.serve("-db", "-f", cfg, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 20000)))
    need(limit_of(p, "Max open files")[0] == "2000", "ulimit-n: %s" % limit_of(p, "Max open files"))
    end(p)
    p = with_global(t, ["fd-hard-limit 500"])
    info = dict(x.split(": ", 1) for x in t.cli("show info").splitlines() if ": " in x)
    need(int(info["Maxsock"]) <= 500 and 100 < int(info["Maxconn"]) < 250, "fd-hard-limit: %s" % info)
    end(p)


def test_descriptors_in_advance(t):
    if contract.IS_HAPROXY:
        return "needs HAProxy 2.8"
    sizes = []
    for words in ["maxconn 3000"], ["maxconn 3000", "prealloc-fd"]:
        p = with_global(t, words, "--compat=3.4")
        sizes.append(int(status_of(p)["FDSize"]))
        end(p)
    need(sizes[0] < 3000 < sizes[1], "prealloc-fd: %s" % sizes)


def test_strict_limits(t):
    t.config(extra="    maxconn 2000000000")
    rc, _, err = t.run("-db", "-f", "cfg")
    need(rc == 1 and "[ALERT]" in err and "limit" in err, "strict: %d %s" % (rc, err))
    p = t.serve("-db", "-f", t.config(extra="    ulimit-n 1000000000\n    maxconn 100\n    no strict-limits"))
    need(t.ask() == "ok", "no strict-limits")
    end(p)


def test_new_privileges(t):
    for words, want in (([], "1"), (["insecure-setuid-wanted", "insecure-fork-wanted"], "0")):
        p = with_global(t, words)
        need(status_of(p)["NoNewPrivs"] == want, "%s: %s" % (words, status_of(p)["NoNewPrivs"]))
        end(p)


def affinities(p):
    """Of the threads, as a sorted list; those of libraries and helpers may be among them."""
    return sorted(sorted(os.sched_getaffinity(int(x))) for x in os.listdir("/proc/%d/task" % p.pid))


def test_processors(t):
    here = sorted(os.sched_getaffinity(0))
    if len(here) < 2:
        return "one processor"
    a, b = here[:2]
    p = with_global(t, ["nbthread 2", "cpu-map auto:1/1-2 %d-%d" % (a, b) if b == a + 1 else "cpu-map 1/1 %d" % a])
    until(lambda: [a] in affinities(p), "bound by cpu-map: %s" % affinities(p))
    need(b != a + 1 or affinities(p) == [[a], [b]], "each to its own: %s" % affinities(p))
    end(p)
    if contract.IS_HAPROXY:
        return None
    for words, threads, want in ((["cpu-policy none", "cpu-set only-cpu %d" % b], 1, [[b]]),
                                 (["cpu-policy none", "cpu-set drop-cpu %d" % b], len(here) - 1, [[x for x in here if x != b]]),
                                 (["cpu-policy none", "cpu-affinity per-thread"], len(here), [[x] for x in here]),
                                 (["cpu-policy none", "cpu-affinity per-group", "nbthread 3"], 3, [here])):
        p = with_global(t, words, "--compat=3.4")
        info = t.cli("show info")
        need("\nNbthread: %d\n" % threads in info, "%s: %s" % (words, info))
        until(lambda: [x for x in want if x in affinities(p)] == want, "%s: %s" % (words, affinities(p)))
        end(p)
    return None


def test_dumpable(t):
    if os.geteuid():
        return "needs root"
    os.chmod(t.dir, 0o755)
    for words, uid in (([], 0), (["set-dumpable"], 65534)):
        p = with_global(t, ["uid 65534", "gid 65534"] + words)
        need(os.stat("/proc/%d/maps" % p.pid).st_uid == uid, "%s: %d" % (words, os.stat("/proc/%d/maps" % p.pid).st_uid))
        end(p)


def test_capabilities(t):
    if os.geteuid() or contract.IS_HAPROXY:
        return "needs root, and HAProxy 2.9"
    os.chmod(t.dir, 0o755)
    for words, want in (([], 0), (["setcap cap_net_bind_service,cap_net_raw"], 1 << 10 | 1 << 13)):
        p = with_global(t, ["uid 65534", "gid 65534"] + words, "--compat=3.4")
        need(int(status_of(p)["CapEff"], 16) == want, "%s: %s" % (words, status_of(p)["CapEff"]))
        end(p)


def test_unix_bind(t):
    t.write("cfg", """
global
    unix-bind prefix %s/ mode 640
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend fe
    bind unix@own
    bind unix@open mode 666
""" % t.dir)
    t.start("-db", "-f", t.path("cfg"))
    until(lambda: os.path.exists(t.path("open")), "socket")
    modes = [os.stat(t.path(x)).st_mode & 0o777 for x in ("own", "open")]
    need(modes == [0o640, 0o666], "modes %s" % [oct(x) for x in modes])


def test_privileged_ports(t):
    if os.geteuid() or contract.IS_HAPROXY:
        return "needs root, and HAProxy 2.7"

    def asks(address):
        try:
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(address)
                s.settimeout(5)
                s.connect(("127.0.0.1", t.port))
                s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return s.recv(1000)[:12]
        except ConnectionError:
            return b""

    def low():
        for port in range(1023, 600, -1):
            try:
                return asks(("127.0.0.1", port))
            except OSError:
                pass  # somebody uses it
        raise contract.Failed("no port below 1024")

    for words, want in (([], b"HTTP/1.1 200"), (["harden.reject-privileged-ports.tcp on"], b"")):
        p = with_global(t, words, "--compat=3.4")
        need(low() == want, "%s: %s" % (words, low()))
        need(asks(("127.0.0.1", 0)) == b"HTTP/1.1 200", "others")
        end(p)


if __name__ == "__main__":
    sys.exit(contract.main({n: f for n, f in globals().items() if n.startswith("test_")}, "operations"))
