#!/usr/bin/env python3
"""How much work lints are: configurations of 10,000 rules, ACLs, addresses or names in one place take less than a second of a
processor with all classes on. A lint whose work grows with the square would take a minute. Processor time, not the clock."""
import os
import resource
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lbcheck import LBCHECK, expect, finish, run  # noqa: E402

N = 10000
HEAD = "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n"
BACK = "backend b\n server s 192.0.2.1:80\n"
with open(LBCHECK, "rb") as program:
    data = program.read()
    SECONDS = 60 if b"__asan" in data or b"__tsan" in data else 1


def lines(text):
    return "".join(" " + text.replace("#", str(i)).replace("@", f"{i // 250 % 250}.{i % 250}") + "\n" for i in range(N))


def front(text):
    return HEAD + "frontend f\n bind :80\n default_backend b\n" + text + BACK


def tcp(text):
    return HEAD.replace("mode http", "mode tcp") + "frontend f\n bind :80\n default_backend b\n" + text + BACK


LONG = lines("acl x path_beg /q#")
CASES = {
    "denials": front(lines("http-request deny if { path_beg /a# }")),
    "one ACL of 10,000 lines": front(LONG + lines("http-request set-header a b if x") + lines("use_backend b if x !x")),
    "and as many rewrites": front(LONG + lines("http-request replace-path ^/q(.*) /\\1 if x")),
    "and as many counters": front(" stick-table type ip size 1k store gpc0\n" + LONG + lines("http-request deny if x") + " http-request track-sc0 src\n"),
    "and mode tcp": tcp(lines("acl x src 10.0.@") + lines("use_backend b if x")),
    "terms": front(lines("http-request deny if { path_beg /a# /b /c /d } { path_end /e /f /g # } { path /h } !{ path_sub i }")),
    "names of ACLs": front(lines("acl a# path /#") + lines("use_backend b if a#")),
    "backends": front(lines("use_backend b# if { hdr(host) h# }")) + "".join(f"backend b{i}\n server s 192.0.2.1:80\n" for i in range(N)),
    "names that are made": front(lines("use_backend #%[src]")) + "".join(f"backend b{i}\n server s 192.0.2.1:80\n" for i in range(N)),
    "addresses": front(lines("bind 127.1.@:80") + lines("bind 127.1.@:79-81")),
    "ports": front("".join(f" bind :{i + 1}-{i + 20}\n" for i in range(N))),
    "networks": front(lines("acl x src 10.@.0/24") + " http-request deny if x\n"),
    "variables": front(lines("http-request set-var(txn.v#) path") + lines("http-request deny if { var(txn.w#) -m found }")),
    "servers": HEAD + "listen l\n bind :80\n" + lines("server s# 127.2.@:80 cookie c# inter 1s maxconn 5 minconn 9"),
    "settings": front(lines("option httpclose") + lines("timeout client #s") + lines("log-format x")),
}


def main():
    for name, text in CASES.items():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        p = run("--offline", "-Wpedantic", "f.cfg", f=text)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime - before.ru_utime
        expect(p.returncode == 0, f"{name}: exit {p.returncode}: {p.stderr[:1000]}")
        expect(took < SECONDS, f"{name}: {took:.2f} s")
        if "-v" in sys.argv:
            print(f"{took:.2f} s {name}")
    finish()


main()
