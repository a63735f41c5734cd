#!/usr/bin/env python3
"""lbcheck diff: which requests a change treats differently, with an example of each, as text and as JSON."""
import glob
import json
import os
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import SOURCE, expect, finish, run  # noqa: E402

OLD = """\
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend web
    bind 127.0.0.1:8080
    acl is_api path_beg /api /v2
    acl inside src 10.0.0.0/8
    http-request deny deny_status 403 if { path_beg /admin } !inside
    http-request set-header X-Name a
    http-request return status 200 content-type text/plain string old if { path /about }
    redirect scheme https code 301 if { hdr(host) -i secure.example }
    use_backend api if is_api
    use_backend static if { path_reg ^/(css|img)/[a-z]{3}\\.png$ } !inside { hdr(cookie) -m found }
    use_backend %[req.hdr(host),lower,map(hosts.cfg,app)] if { hdr(host) -m end .example }
    default_backend app
backend api
    http-request deny if { method DELETE }
    server a1 127.0.0.1:9001
backend static
    server t1 127.0.0.1:9003
backend app
    server s1 127.0.0.1:9004
    server s2 127.0.0.1:9005
frontend raw
    mode tcp
    bind 127.0.0.1:8081
    tcp-request connection reject if { src 192.0.2.0/24 }
    default_backend pipe
backend pipe
    mode tcp
    server p1 127.0.0.1:9006
"""
MAP = {"hosts": "a.example static\nb.example api\n"}


def diff(new, *options, old=OLD, new_map=None):
    """The changed requests as {request: entry}; the map of the new configuration has another name where it differs."""
    files = dict(MAP)
    if new_map:
        files["new"] = new_map
        new = new.replace("hosts.cfg", "new.cfg")
    p = run("diff", "--compat=2.6", "--json", *options, "a.cfg", "b.cfg", **{"a": old, "b": new}, **files)
    expect(p.returncode in (0, 1), f"diff: exit {p.returncode}: {p.stderr}")
    told = json.loads(p.stdout or '{"requests":[]}')
    return {r["request"]: r for r in told["requests"]}, told


def one(changes, words):
    found = [r for r in changes if words in r]
    expect(len(found) == 1, f"one request with {words!r} in {list(changes)}")
    return changes[found[0]] if found else {"before": {}, "after": {}, "differs": ""}


def test_same():
    changes, told = diff(OLD)
    expect(not changes and told["tried"] > 15 and not told["differences"], f"nothing differs: {changes}")
    moved = OLD.replace("    server a1", "\n    # a comment\n    server   a1")
    expect(not diff(moved)[0], "layout changes no request")
    expect(not diff(OLD.replace("timeout server 30s", "timeout server 31s"))[0], "nor does a time-out")


def test_rules():
    for new, words, key, before, after in (
            (OLD.replace("deny_status 403", "deny_status 429"), "/admin ", "status", 403, 429),
            (OLD.replace("/api /v2", "/api /v3"), "/v2", "backend", "api", "app"),
            (OLD.replace("/api /v2", "/api /v3"), "/v3", "backend", "app", "api"),
            (OLD.replace("a1 127", "a9 127"), "/api ", "server", "a1", "a9"),
            (OLD.replace("(css|img)", "(css|gif)"), "/gif/aaa.png -H 'cookie: x'", "backend", "app", "static"),
            (OLD.replace("method DELETE", "method PUT"), "'DELETE http://localhost/api'", "status", 403, 200),
            (OLD.replace("code 301", "code 302"), "secure.example", "status", 301, 302),
            (OLD.replace("192.0.2.0/24", "198.51.100.7"), "--src 198.51.100.7", "backend", "pipe", None)):
        changes, _ = diff(new)
        r = one(changes, words)
        expect((r["before"].get(key), r["after"].get(key)) == (before, after), f"{words}: {key}: {r}")
        expect(key in r["differs"] or not r["after"].get("status"), f"{words}: {r['differs']}")


def test_fields():
    changes, _ = diff(OLD.replace("X-Name a", "X-Name b"))
    expect(all(c["differs"] == "`x-name` to the server" for c in changes.values()), f"a field: {changes}")
    r = one(changes, "http://localhost/ --bind")
    expect("x-name: a\r\n" in r["before"]["received"] and "x-name: b\r\n" in r["after"]["received"], f"fields: {r}")
    r = one(diff(OLD.replace("string old", "string new"))[0], "/about")
    expect("the answer" in r["differs"], f"an answer's body: {r}")


def test_map():
    changes, _ = diff(OLD, new_map="a.example static\nb.example static\nc.example api\n")
    expect(sorted(changes) == ["http://b.example/ --bind 127.0.0.1:8080", "http://c.example/ --bind 127.0.0.1:8080"],
           f"a map: {list(changes)}")
    r = one(changes, "c.example")
    expect((r["before"]["backend"], r["after"]["backend"]) == ("app", "api"), f"a map: {r}")


def test_binds():
    changes, _ = diff(OLD.replace("bind 127.0.0.1:8081", "bind 127.0.0.1:8082"))
    r = one(changes, "127.0.0.1:8081")
    expect(r["before"]["heard"] and not r["after"]["heard"], f"a bind that goes: {r}")
    r = one(changes, "127.0.0.1:8082")
    expect(r["after"]["heard"] and not r["before"]["heard"], f"a bind that comes: {r}")


def test_reload():
    """Whether a running process can follow."""
    _, told = diff(OLD.replace("X-Name a", "X-Name b"))
    expect(told["new_process"] == [], f"rules: {told['new_process']}")
    _, told = diff("global\n    nbthread 3\n" + OLD + "peers p\n    peer x 127.0.0.1:1000\n")
    expect(told["new_process"] == ["`nbthread` differs"], f"threads: {told['new_process']}")
    _, told = diff(OLD + "peers p\n    peer x 127.0.0.1:1000\n")
    expect(told["new_process"] == ["there are peers"], f"peers: {told['new_process']}")


def test_text():
    new = OLD.replace("/api /v2", "/api /v3").replace("X-Name a", "X-Name b")
    p = run("diff", "--compat=2.6", "a.cfg", "b.cfg", **{"a": OLD, "b": new}, **MAP)
    for part in ("\nhttp://localhost/v2 --bind 127.0.0.1:8080: backend, server, `x-name` to the server\n"
                 "  - frontend web, backend api, server a1, 200    # a.cfg:14\n"
                 "  + frontend web, backend app, server s1, 200\n"
                 "  the server gets\n    - x-name: a\n    + x-name: b\n",
                 "more of the requests that were tried\n", "tried, treated differently:\n",
                 "\na running process can take it over\n"):
        expect(part in p.stdout, f"text lacks {part!r}:\n{p.stdout}")
    p = run("diff", "--compat=2.6", "a.cfg", "b.cfg",
            **{"a": OLD, "b": OLD.replace("client 30s", "client 31s")}, **MAP)
    expect("tried, none is treated differently\n" in p.stdout and p.returncode == 1, f"none: {p.stdout}")


# One of each kind: what a reload does with it, and an example of the requests that it concerns.
SETTINGS = """\
global:
  - log-tag y    # a.cfg:2
  + log-tag x    # b.cfg:2
  = in place: from now on

frontend web:
  - bind 127.0.0.1:8080    # a.cfg:9
  = touched: the socket is closed; connections that came by it end with their next response
    http://localhost/ --bind 127.0.0.1:8080 and others, see below
  + bind 127.0.0.1:8082    # b.cfg:9
  = in place: a socket is opened
    http://localhost/ --bind 127.0.0.1:8082 and others, see below
  - acl is_api path_beg /api /v2    # a.cfg:10
  = in place: for new requests
    http://localhost/api --bind 127.0.0.1:8080
  + acl is_api path_beg /api    # b.cfg:10
  = in place: for new requests
    http://localhost/api --bind 127.0.0.1:8082

backend api:
  - server a1 127.0.0.1:9001    # a.cfg:21
  + server a1 127.0.0.1:9001 send-proxy    # b.cfg:21
  = touched: counters and what checks have found stay; idle connections to it are closed
    http://localhost/api --bind 127.0.0.1:8080 and others, see below

backend app:
  - server s1 127.0.0.1:9004    # a.cfg:25
  + server s1 127.0.0.1:9014    # b.cfg:25
  = touched: counters stay; what checks have found, what operators have set and idle connections belong to the other address and go
    http://localhost/ --bind 127.0.0.1:8080 and others, see below

+ backend more    # b.cfg:26, 4 lines
  = in place: it begins with counters at zero

a running process can take it over
"""


def test_settings():
    cut = OLD[:OLD.index("frontend raw")].replace("    use_backend %[req.hdr(host),lower,map(hosts.cfg,app)] if { hdr(host) -m end .example }\n", "")
    cut = cut.replace("    server s2 127.0.0.1:9005\n", "")
    new = cut.replace("8080", "8082").replace("/api /v2", "/api").replace(":9001", ":9001 send-proxy").replace("9004", "9014")
    cut = "global\n    log-tag y\n" + cut
    new = "global\n    log-tag x\n" + new + "backend more\n    server m 127.0.0.1:9\n"
    p = run("diff", "--compat=2.6", "a.cfg", "b.cfg", **{"a": cut, "b": new})
    expect(p.stdout.startswith(SETTINGS), f"settings:\n{p.stdout}")
    p = run("diff", "--compat=2.6", "a.cfg", "b.cfg", **{"a": cut, "b": new.replace("tag x", "tag x\n    nbthread 2")})
    for part in ("  + nbthread 2    # b.cfg:3\n  = new process: a process has it from its start\n",
                 "  = new process; alone in place: a socket is opened\n", "\na reload needs a new process:\n  `nbthread` differs\n"):
        expect(part in p.stdout, f"lacks {part!r}:\n{p.stdout}")
    _, told = diff(new, old=cut)
    entry = [d for d in told["differences"] if d["key"] == "server a1"][0]
    expect(entry["reload"] == {"verdict": "touched", "alone": "touched",
                               "why": "counters and what checks have found stay; idle connections to it are closed"} and
           entry["example"] == "http://localhost/api --bind 127.0.0.1:8080", f"JSON: {entry}")
    expect(diff(new.replace("tag x", "tag x\n    nbthread 2"), old=cut)[1]["differences"][0]["reload"]["verdict"] == "new process", "JSON of a new process")


def test_itself():
    """No configuration treats a request differently than itself does."""
    n = 0
    for path in sorted(glob.glob(os.path.join(SOURCE, "samples/*.cfg"))):
        p = run("diff", "--json", "--offline", path, path)
        if p.returncode == 2:
            continue
        n += 1
        expect(p.returncode == 0 and not json.loads(p.stdout)["requests"], f"{path}: {p.stdout[:300]}")
    expect(n > 2, "too few configurations")


for test in (test_same, test_rules, test_fields, test_map, test_binds, test_reload, test_text, test_settings, test_itself):
    test()
finish()
