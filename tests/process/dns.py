#!/usr/bin/env python3
"""Servers whose addresses come from name servers (manual, section 5.3), with a name server of the test's own. Everything here holds
for HAProxy 2.6 as well: run it with `haproxy` as PROGRAM to see.

usage: dns.py PROGRAM [PATTERN]        runs the tests whose names contain PATTERN

Prints TAP; stays on 127.0.0.1 and in a temporary folder; ends what it has started.
"""
import os
import re

from contract import PROGRAM, need, until
from nameserver import A, AAAA, FOLLOWS, NXDOMAIN, REFUSED, RESOLVERS, SERVFAIL, SRV, NameServer, Proxy, counter, ready, run_all

def test_changes(directory):
    """First without an address, then with one, then with another one, then gone, then back."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        p.logged(r"be/s1 changed its IP from \(none\) to 127\.0\.0\.2 by r/ns1\.")
        p.logged(r"Server be/s1 \('web\.test'\) is UP/READY \(resolves again\)\.")
        p.logged(r"Server be/s1 administratively READY thanks to valid DNS answer\.")
        need(p.server("s1")["admin"] & 32 == 0, "it is out of maintenance")
        need(p.server("s1")["fqdn"] == "web.test", "its name is shown")
        ns.zone[("web.test", A)] = ["127.0.0.3"]
        p.logged(r"be/s1 changed its IP from 127\.0\.0\.2 to 127\.0\.0\.3 by r/ns1\.")
        ns.zone[("web.test", A)] = ["127.0.0.4", "127.0.0.3"]
        before = len(ns.asked)
        until(lambda: len(ns.asked) > before + 3, "it asks on")
        need(p.server("s1")["addr"] == "127.0.0.3", "an address that is still there stays")
        ns.zone[("web.test", A)] = NXDOMAIN
        p.logged(r"Server be/s1 is going DOWN for maintenance \(DNS NX status\)\. 0 active and 0 backup servers left\.")
        p.logged(r"backend be has no server available!")
        until(lambda: p.server("s1")["addr"] == "-" and p.server("s1")["port"] == "8000", "it has no address")
        p.lines = []
        ns.zone[("web.test", A)] = ["127.0.0.3"]
        p.logged(r"be/s1 changed its IP from \(none\) to 127\.0\.0\.3 by r/ns1\.")
        p.logged(r"Server be/s1 administratively READY thanks to valid DNS answer\.")
        need(counter(p, "nx") > 0 and counter(p, "valid") > 3, "answers are counted")
    ns.close()


def test_other_errors(directory):
    """Refusals, silence and empty answers, each in its words."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        for what, words in ((REFUSED, r"DNS refused status"), (SERVFAIL, "unspecified DNS error"), (None, "DNS timeout status"), ([], "unspecified DNS error")):
            ns.zone[("web.test", A)] = ["127.0.0.2"]
            ready(p, "s1", "127.0.0.2")
            p.lines = []
            ns.silent = what is None
            ns.zone[("web.test", A)] = [] if what is None else what
            p.logged(r"Server be/s1 is going DOWN for maintenance \(%s\)" % words)
            ns.silent = False
    ns.close()


def test_hold(directory):
    """A bad answer does not count for a while after a good one."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, (RESOLVERS % ns.port).replace("hold nx 0", "hold nx 60s") + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        ready(p, "s1", "127.0.0.2")
        ns.zone[("web.test", A)] = NXDOMAIN
        before = counter(p, "nx")
        until(lambda: counter(p, "nx") > before + 3, "it hears that the name is gone")
        need(p.server("s1")["addr"] == "127.0.0.2" and p.server("s1")["admin"] & 32 == 0, "the server stays")
    ns.close()


def test_families(directory):
    """The preferred family first; the other one when the name has nothing of it."""
    ns = NameServer()
    ns.zone[("both.test", A)] = ["127.0.0.2"]
    ns.zone[("both.test", AAAA)] = ["::1"]
    ns.zone[("four.test", A)] = ["127.0.0.4"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s4 both.test:8000" + FOLLOWS +
               " server s6 both.test:8000 resolvers r init-addr none\n server f four.test:8000 resolvers r init-addr none\n") as p:
        ready(p, "s4", "127.0.0.2")
        ready(p, "s6", "::1")
        ready(p, "f", "127.0.0.4")
    ns.close()


def test_networks(directory):
    """Addresses of preferred networks are taken first."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2", "127.1.0.9", "127.0.0.3"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000 resolve-net 127.1.0.0/16" + FOLLOWS) as p:
        ready(p, "s1", "127.1.0.9")
    ns.close()


def test_template(directory):
    """Servers of one name get different addresses, and one is left over; allow-dup-ip gives it one, too."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2", "127.0.0.3"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server-template t 3 web.test:8000" + FOLLOWS +
               "backend dup\n server-template d 3 web.test:8000 resolve-opts allow-dup-ip" + FOLLOWS) as p:
        ready(p, "t1", "127.0.0.2")
        ready(p, "t2", "127.0.0.3")
        need(p.server("t3")["addr"] == "-" and p.server("t3")["admin"] == 32, "the third one has none")
        for d in ("d1", "d2", "d3"):
            until(lambda: p.server(d)["addr"] in ("127.0.0.2", "127.0.0.3"), "it has one, too")
        ns.zone[("web.test", A)] = ["127.0.0.3", "127.0.0.4"]
        p.logged(r"be/t1 changed its IP from 127\.0\.0\.2 to 127\.0\.0\.4 by (r/ns1|DNS cache)\.")
        need(p.server("t2")["addr"] == "127.0.0.3", "the other one stays")
    ns.close()


def test_services(directory):
    """SRV records give servers their names, ports and addresses; who is not in them any more is out."""
    ns = NameServer()
    ns.zone[("_http._tcp.test", SRV)] = [(8001, 10, 1, "a.test"), (8002, 20, 1, "b.test")]
    ns.zone[("a.test", A)] = ["127.0.0.5"]
    ns.zone[("b.test", A)] = ["127.0.0.6"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server-template t 3 _http._tcp.test" + FOLLOWS) as p:
        p.logged(r"be/t1 changed its FQDN from \(null\) to a\.test by 'SRV record'")
        ready(p, "t1", "127.0.0.5")
        ready(p, "t2", "127.0.0.6")
        one, two, three = (p.server(n) for n in ("t1", "t2", "t3"))
        need((one["port"], one["fqdn"], one["srv"], one["admin"]) == ("8001", "a.test", "_http._tcp.test", 64), "one")
        need((two["port"], two["fqdn"], two["srv"], two["admin"]) == ("8002", "b.test", "_http._tcp.test", 64), "two")
        need((three["addr"], three["port"], three["fqdn"], three["srv"], three["admin"]) == ("-", "0", "-", "_http._tcp.test", 32), "three")
        ns.zone[("_http._tcp.test", SRV)] = [(8001, 10, 1, "a.test")]
        p.logged(r"Server be/t2 is going DOWN for maintenance \(entry removed from SRV record\)\. 1 active and 0 backup servers left\.")
        until(lambda: p.server("t2")["addr"] == "-" and p.server("t2")["fqdn"] == "-", "it is free again")
    ns.close()


def test_fqdn(directory):
    """`set server ... fqdn`"""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    ns.zone[("other.test", A)] = ["127.0.0.7"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000" + FOLLOWS + " server s2 127.0.0.1:1\n") as p:
        ready(p, "s1", "127.0.0.2")
        need("be/s1 changed its FQDN from web.test to other.test by 'stats socket command'\n" in p.cli("set server be/s1 fqdn other.test"), "the answer")
        ready(p, "s1", "127.0.0.7")
        until(lambda: p.server("s1")["fqdn"] == "other.test", "its name is the new one")
        need("no need to change the FDQN by 'stats socket command'" in p.cli("set server be/s1 fqdn other.test"), "the same again")
        need("could not update be/s1 FQDN by 'stats socket command'" in p.cli("set server be/s1 fqdn bad..name"), "no name")
        need("requires a FQDN" in p.cli("set server be/s1 fqdn"), "no argument")
        need("no resolution is configured" in p.cli("set server be/s2 fqdn a.test"), "an address is no name")
    ns.close()


def test_stream(directory):
    """A name server over TCP."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, (RESOLVERS % ns.port).replace("ns1 127", "ns1 tcp@127") + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        ready(p, "s1", "127.0.0.2")
        need(all(how == "tcp" for _, _, how in ns.asked), "it was asked over TCP only")
    ns.close()


def test_forged(directory):
    """Answers with another id, to another question, and cut short are not believed (HAProxy does not look at all of that)."""
    if "haproxy" in os.path.basename(PROGRAM):
        return
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        ready(p, "s1", "127.0.0.2")
        ns.zone[("web.test", A)] = ["127.6.6.6"]
        for forge in (lambda m: bytes([m[0] ^ 1]) + m[1:],
                      lambda m: m[:13] + b"x" + m[14:],
                      lambda m: m[:len(m) - 3],
                      lambda m: m[:2],
                      lambda m: m[:2] + bytes([m[2] & 0x7f]) + m[3:],
                      lambda m: m[:12] + b"\xc0\x0c" * 20):
            ns.forge = forge
            before = len(ns.asked)
            until(lambda: len(ns.asked) > before + 2, "it asks again")
            need(p.server("s1")["addr"] in ("127.0.0.2", "-"), "not believed")
        ns.forge = None
        ready(p, "s1", "127.6.6.6")
    ns.close()


def test_statistics(directory):
    """`show resolvers`, `show stat domain resolvers`"""
    ns = NameServer()
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 127.0.0.1:1\n") as p:
        text = p.cli("show resolvers r")
        names = re.findall(r"^  (\w+): +0$", text, re.M)
        need(names == "sent snd_error valid update cname cname_error any_err nx timeout refused other invalid too_big truncated outdated".split(), text)
        need("Can't find that resolvers section" in p.cli("show resolvers x"), "no such section")
        need(p.cli("show stat domain resolvers").startswith("# id,pid,sent,send_error,valid,update,cname,cname_error,any_err,nx,timeout,refused,"
             "other,invalid,too_big,truncated,outdated,\nns1,r,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,\n"), "statistics")
        need("N.3.send_error:MGP:u64:0\n" in p.cli("show stat domain resolvers typed"), "typed")
        need("Invalid statistics domain." in p.cli("show stat domain dns"), "no such domain")
    ns.close()


run_all(globals(), "dns")
