#!/usr/bin/env python3
"""Rules that look up names (manual, "http-request do-resolve"), the rounds in which questions are asked and what is counted, with name
servers of the test's own. Everything here holds for HAProxy 2.6 as well, but where it says so.

usage: dns_resolve.py PROGRAM [PATTERN]        runs the tests whose names contain PATTERN

Prints TAP; stays on 127.0.0.1 and in a temporary folder; ends what it has started.
"""
import os
import socket
import struct
import threading

from contract import IS_HAPROXY, WAIT, need, until
from nameserver import A, AAAA, CNAME, NXDOMAIN, REFUSED, SERVFAIL, SRV, NameServer, Proxy, ready, run_all, wire_name

RULE = " http-request do-resolve(txn.ip,r,ipv4) hdr(host),host_only\n http-request return status 200 content-type text/plain lf-string \"%[var(txn.ip)]\"\n"


def section(servers, retries=1, more=""):
    """Short times, that a test may wait for."""
    lines = "".join(" nameserver ns%d 127.0.0.1:%d\n" % (i, ns.port) for i, ns in enumerate(servers, 1))
    return "resolvers r\n%s resolve_retries %d\n timeout resolve 100ms\n timeout retry 100ms\n%s" % (lines, retries, more)


def frontend(directory, rules=RULE):
    return "frontend fe\n bind unix@%s/fe\n%s" % (directory, rules)


def talk(directory, data, name="fe"):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT)
        s.connect(os.path.join(directory, name))
        s.sendall(data)
        answer = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                return answer.decode()
            answer += piece


def ask(directory, host):
    """What the variable has."""
    answer = talk(directory, ("GET / HTTP/1.1\r\nhost: %s\r\nconnection: close\r\n\r\n" % host).encode())
    need(answer.startswith("HTTP/1.1 200 "), answer)
    return answer.split("\r\n\r\n", 1)[1]


def counted(p):
    """By name server, what is not 0."""
    result = []
    for line in p.cli("show resolvers r").splitlines():
        w = line.split()
        if len(w) == 2 and w[0] == "nameserver":
            result.append({})
        elif len(w) == 2 and result and w[1] != "0":
            result[-1][w[0].rstrip(":")] = int(w[1])
    return result


def started(p):
    p.cli("show info")


def need_equal(a, b):
    need(a == b, "%r is not %r" % (a, b))


def test_addresses(directory):
    """The first address; names in any letters; nothing when there is none."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2", "127.0.0.3"]
    with Proxy(directory, section([ns]) + frontend(directory)) as p:
        started(p)
        need_equal(ask(directory, "web.test"), "127.0.0.2")
        need_equal(ask(directory, "WEB.test."), "127.0.0.2")
        need_equal(ask(directory, "gone.test"), "")
        need_equal(ask(directory, "bad..name"), "")
        need_equal([a[:2] for a in ns.asked], [("web.test", A), ("web.test", A), ("gone.test", A), ("gone.test", AAAA)])
    ns.close()


def test_families(directory):
    """The one that the rule prefers (else IPv6) is asked for first, then the other."""
    ns = NameServer()
    ns.zone[("both.test", A)] = ["127.0.0.2"]
    ns.zone[("both.test", AAAA)] = ["::2"]
    ns.zone[("four.test", A)] = ["127.0.0.4"]
    ns.zone[("six.test", AAAA)] = ["::6"]
    for option, both in ((",ipv4", "127.0.0.2"), (",ipv6", "::2"), ("", "::2")):
        with Proxy(directory, section([ns]) + frontend(directory, RULE.replace(",ipv4", option))) as p:
            started(p)
            need_equal([ask(directory, h) for h in ("both.test", "four.test", "six.test")], [both, "127.0.0.4", "::6"])
        for left in ("log", "cli", "fe"):
            if os.path.exists(os.path.join(directory, left)):
                os.unlink(os.path.join(directory, left))
    ns.close()


def test_destination(directory):
    """A request goes where its name leads."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.1"]
    origin = socket.socket()
    origin.bind(("127.0.0.1", 0))
    origin.listen(4)

    def serve():
        c, _ = origin.accept()
        c.recv(4096)
        c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere")
        c.close()

    threading.Thread(target=serve, daemon=True).start()
    with Proxy(directory, section([ns]) + frontend(directory, " http-request do-resolve(txn.ip,r,ipv4) hdr(host),host_only\n"
               " http-request set-dst var(txn.ip)\n http-request set-dst-port hdr(host),port_only\n default_backend be\n") +
               "backend be\n server clear 0.0.0.0:0\n") as p:
        started(p)
        need_equal(ask(directory, "web.test:%d" % origin.getsockname()[1]), "here")
    origin.close()
    ns.close()


def test_together(directory):
    """Those who want the same name at the same time wait for one answer."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    ns.silent = True
    answers = []
    with Proxy(directory, "global\n nbthread 2\n" + section([ns], retries=1000) + frontend(directory)) as p:
        started(p)
        threads = [threading.Thread(target=lambda: answers.append(ask(directory, "web.test"))) for _ in range(8)]
        for t in threads:
            t.start()
        until(lambda: p.cli("show sess").count("fe=fe ") == 8 and ns.asked, "all of them wait")
        ns.silent = False
        for t in threads:
            t.join()
        need_equal(answers, ["127.0.0.2"] * 8)
        need(len(ns.asked) < 50, "they did not ask by themselves")
    ns.close()


def test_gone(directory):
    """A client that leaves meanwhile, and a stop."""
    ns = NameServer()
    ns.silent = True
    with Proxy(directory, "global\n nbthread 2\n" + section([ns], retries=1000) + frontend(directory)) as p:
        started(p)
        for i in range(20):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(os.path.join(directory, "fe"))
                s.sendall(b"GET / HTTP/1.1\r\nhost: a%d.test\r\n\r\n" % i)
                until(lambda: ns.asked and ns.asked[-1][0] == "a%d.test" % i or any(a[0] == "a%d.test" % i for a in ns.asked), "it is asked")
            if i % 3 == 0:
                for line in p.cli("show sess").splitlines():
                    if "fe=fe " in line:
                        p.cli("shutdown session " + line.split(":")[0])
        ns.silent = False
        ns.zone[("web.test", A)] = ["127.0.0.2"]
        need_equal(ask(directory, "web.test"), "127.0.0.2")
    ns.close()


def test_valid(directory):
    """What servers follow is known for `hold valid`; a name that nobody follows is asked for each time."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    ns.zone[("other.test", A)] = ["127.0.0.3"]
    with Proxy(directory, section([ns]).replace("resolve 100ms", "resolve 60s") + frontend(directory) +
               "backend be\n server s1 web.test:80 resolvers r resolve-prefer ipv4 init-addr none\n") as p:
        ready(p, "s1", "127.0.0.2")
        need_equal([ask(directory, h) for h in ("web.test", "web.test", "other.test", "other.test")], ["127.0.0.2"] * 2 + ["127.0.0.3"] * 2)
        need_equal([a[0] for a in ns.asked], ["web.test", "other.test", "other.test"])
        need_equal(counted(p), [{"sent": 3, "valid": 3, "update": 1}])
    ns.close()


def test_counters(directory):
    """Which answer counts as what, and what is asked then."""
    ns = NameServer()
    for name, answer in (("nx.test", NXDOMAIN), ("refused.test", REFUSED), ("failed.test", SERVFAIL), ("empty.test", [])):
        ns.zone[(name, A)] = answer
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, section([ns]) + frontend(directory)) as p:
        started(p)

        def look(host, address, counts, forge=None):
            ns.forge = forge
            p.cli("clear counters all")
            need_equal((host, ask(directory, host)), (host, address))
            need_equal((host, counted(p)), (host, [counts]))
            ns.forge = None

        look("nx.test", "", {"sent": 2, "nx": 2})
        look("refused.test", "", {"sent": 2, "refused": 2})
        look("failed.test", "", {"sent": 2, "other": 2})
        look("empty.test", "", {"sent": 2, "any_err": 2})
        look("web.test", "127.0.0.2", {"sent": 1, "valid": 1})
        look("web.test", "", {"sent": 2, "truncated": 1, "any_err": 1}, lambda m: m[:2] + bytes([m[2] | 2]) + m[3:])
        look("web.test", "", {"sent": 1, "too_big": 1}, lambda m: m + bytes(600))
        look("web.test", "", {"sent": 1, "outdated": 1}, lambda m: bytes([m[0] ^ 1]) + m[1:])

        def alias(m, last):
            names = b"\xc0\x0c" + struct.pack(">HHIH", CNAME, 1, 60, len(wire_name("c.test"))) + wire_name("c.test")
            return m[:6] + struct.pack(">H", 1 + bool(last)) + m[8:26] + names + last

        address = wire_name("c.test") + struct.pack(">HHIH4B", A, 1, 60, 4, 127, 0, 0, 9)
        look("web.test", "127.0.0.9", {"sent": 1, "valid": 1}, lambda m: alias(m, address))
        look("web.test", "", {"sent": 2, "cname_error": 2}, lambda m: alias(m, b""))
    ns.close()


def test_rounds(directory):
    """Both families of addresses in each round; with silence, one message."""
    ns = NameServer()
    with Proxy(directory, section([ns], retries=2) + frontend(directory)) as p:
        started(p)
        need_equal(ask(directory, "nx.test"), "")
        need_equal([a[1] for a in ns.asked], [A, AAAA, A, AAAA])
        ns.asked.clear()
        ns.silent = True
        need_equal(ask(directory, "web.test"), "")
        need_equal([a[1] for a in ns.asked], [A, A])
        need("timeout: 0" in " ".join(p.cli("show resolvers r").split()), "silence is not counted")
    ns.close()


def test_two_servers(directory):
    """A good answer counts more than a bad one; a bad one more than silence, which is waited for."""
    one, two = NameServer(), NameServer()
    one.zone[("web.test", A)] = NXDOMAIN
    two.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, section([one, two], retries=2) + frontend(directory)) as p:
        started(p)
        need_equal(ask(directory, "web.test"), "127.0.0.2")
        need_equal(counted(p)[1], {"sent": 1, "valid": 1})
        until(lambda: len(counted(p)[0]) == 2, "the other answer has come, too")
        two.silent = True
        one.asked.clear()
        p.cli("clear counters all")
        need_equal(ask(directory, "web.test"), "")
        need_equal([a[1] for a in one.asked], [A, AAAA, A])
        need_equal(counted(p), [{"sent": 3, "nx": 3}, {"sent": 3}])
    one.close()
    two.close()


def test_services(directory):
    """Weights of services, and who gets a new one: a server that is free, before others become so."""
    ns = NameServer()
    ns.zone[("a.test", A)] = ["127.0.0.5"]
    ns.zone[("b.test", A)] = ["127.0.0.6"]
    ns.zone[("_h._tcp.test", SRV)] = [(8001, 10, 1, "a.test")]
    with Proxy(directory, section([ns], more=" hold obsolete 0\n") + "backend be\n"
               " server-template t 3 _h._tcp.test resolvers r resolve-prefer ipv4 init-addr none\n") as p:
        ready(p, "t1", "127.0.0.5")
        need_equal(p.server("t1")["weight"], "1")
        ns.zone[("_h._tcp.test", SRV)] = [(8001, 2560, 1, "b.test")]
        ready(p, "t2", "127.0.0.6")
        until(lambda: p.server("t2")["weight"] == "10", "2560 is 10")
        until(lambda: p.server("t1")["addr"] == "-", "the first one is free")
        for weight, is_now in ((65535, "256"), (257, "2"), (256, "1"), (0, "0")):
            ns.zone[("_h._tcp.test", SRV)] = [(8001, weight, 1, "b.test")]
            until(lambda: p.server("t2")["weight"] == is_now, "%d is %s" % (weight, is_now))
    ns.close()


TCP = """frontend %s
 mode tcp
 log-format "ip=%%[var(txn.ip)] done=%%[var(txn.done)]"
 bind unix@%s/%s
%s tcp-request content do-resolve(txn.ip,r,ipv4) str(%s)
 tcp-request content set-var(txn.done) int(1)
 default_backend be
"""


def test_content_rules(directory):
    """In mode tcp a name is waited for as long as the inspect delay lasts; without one it is not even asked."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    long, short = " tcp-request inspect-delay 30s\n", " tcp-request inspect-delay 50ms\n"
    with Proxy(directory, section([ns], retries=50) + "".join(TCP % (n, directory, n, delay, name) for n, delay, name in (
               ("long", long, "web.test"), ("short", short, "quiet.test"), ("none", "", "web.test"))) +
               "backend be\n mode tcp\n server s 127.0.0.1:1\n retries 0\n") as p:
        started(p)

        def connect(name, line):
            p.lines = []
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(WAIT)
                s.connect(os.path.join(directory, name))
                p.logged(line)

        connect("none", "ip=- done=1")
        need(not ns.asked, "not asked")
        connect("long", "ip=127.0.0.2 done=1")
        ns.silent = True
        connect("short", "ip=- done=1")
        need(ns.asked[-1][0] == "quiet.test", "asked, but not waited for")
    ns.close()


def test_many(directory):
    """Many names at a time on two threads, each with its own answer."""
    ns = NameServer()
    for i in range(200):
        ns.zone[("n%d.test" % i, A)] = ["127.1.0.%d" % i]
    answers = {}
    with Proxy(directory, "global\n nbthread 2\n" + section([ns], retries=20) + frontend(directory)) as p:
        started(p)

        def client(first):
            for i in range(first, 200, 4):
                answers[i] = ask(directory, "n%d.test" % i)

        threads = [threading.Thread(target=client, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        need_equal(answers, {i: "127.1.0.%d" % i for i in range(200)})
    ns.close()


def test_accepted_families(directory):
    """`dns-accept-family`: other addresses are not even asked for (a word that HAProxy 2.6 does not know)."""
    if IS_HAPROXY:
        return
    os.environ["LBD_COMPAT"] = "3.4"
    try:
        accepted_families(directory)
    finally:
        del os.environ["LBD_COMPAT"]


def accepted_families(directory):
    ns = NameServer()
    ns.zone[("both.test", A)] = ["127.0.0.2"]
    ns.zone[("both.test", AAAA)] = ["::2"]
    ns.zone[("six.test", AAAA)] = ["::6"]
    for families, answers, asked in (("ipv4", ["127.0.0.2", ""], [A, A]), ("ipv6", ["::2", "::6"], [AAAA, AAAA]),
                                     ("ipv6,ipv4", ["::2", "::6"], [AAAA, AAAA])):
        with Proxy(directory, "global\n dns-accept-family %s\n" % families + section([ns]) + frontend(directory, RULE.replace(",ipv4", ""))) as p:
            started(p)
            ns.asked.clear()
            need_equal([ask(directory, h) for h in ("both.test", "six.test")], answers)
            need_equal([a[1] for a in ns.asked], asked)
        for left in ("log", "cli", "fe"):
            if os.path.exists(os.path.join(directory, left)):
                os.unlink(os.path.join(directory, left))
    ns.close()


run_all(globals(), "dns rules")
