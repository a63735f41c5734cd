#!/usr/bin/env python3
"""lbcheck test: the suites of samples/ hold, failures and mistakes are shown at their places, coverage counts, and the forms for
programs are well-formed."""
import glob
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import LBCHECK, SOURCE, expect, finish  # noqa: E402

SITE = """\
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend web
    bind :80
    log 127.0.0.1:514 local0
    http-request deny if { path /no } { src 10.0.0.0/8 }
    http-request return status 200 content-type text/plain string hello if { path /hello }
    http-request set-header X-A %[var(txn.a)]
    use_backend b if { path_beg /b }
    default_backend a
backend a
    server s1 127.0.0.1:1
backend b
    server s2 127.0.0.1:1
"""


def play(suite, *options, config=SITE, **files):
    env = {k: v for k, v in os.environ.items() if k not in ("LBD_COMPAT", "FORCE_COLOR", "CLICOLOR_FORCE")}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"x.cfg": config, "x.test": suite, **files}.items():
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        return subprocess.run([LBCHECK, "test", *options, "x.test"], cwd=folder, env=env, capture_output=True, text=True,
                              timeout=60)


def test_samples():
    found = sorted(glob.glob(os.path.join(SOURCE, "samples/*.test")))
    expect(len(found) >= 3, "suites in samples/")
    p = subprocess.run([LBCHECK, "test", "--compat=2.6", "--fail-under=100", *found], capture_output=True, text=True, timeout=60)
    expect(p.returncode == 0 and p.stdout.count(" 0 failed") == len(found), f"samples: {p.stdout}{p.stderr}")


def test_subjects():
    p = play("""config x.cfg
compat 2.6
test all
    var txn.a one
    at 2001-02-03T04:05:06Z
    request POST http://h/b/c?d=e HTTP/1.1
    header X-B: 1
    header X-B: 2
    body some text
    reply 404 Gone away
    reply-header X-C: c
    reply-body "what?"
    expect frontend web
    expect backend b
    expect server s2
    expect no rule
    expect method POST
    expect uri /b/c?d=e
    expect path begins /b
    expect path ends c
    expect query d=e
    expect header X-B: 1, 2
    expect header X-A one
    expect header X-B
    expect no header X-Z
    expect body contains "me te"
    expect status 404
    expect status 4xx
    expect no status 5xx
    expect reason Gone away
    expect response-header x-c c
    expect response-body matches ^w.*\\?$
    expect termination --
    expect matched x.cfg:12
    expect no matched 10
    expect time 0
    expect connection open
    expect log contains "Connect from"
    request /hello HTTP/1.0
    header Host: h
    expect response-body hello
    expect connection closed
    expect rule 10
    expect backend none
    expect no body
    request http://h/
    same-connection
    raw "GET /b HTTP/1.0\\r\\n\\r\\n"
    expect server s2
test files
    request POST http://h/
    body @body.txt
    expect body from a file
""", **{"body.txt": "from a file"})
    expect(p.returncode == 0 and "2 tests, 0 failed (33 of 33 expectations met)" in p.stdout, f"subjects: {p.stdout}{p.stderr}")


def test_failures():
    suite = "config x.cfg\ntest one\n    request http://h/b\n    expect backend a\n    expect header X-Q\ntest two\n    request http://h/\n    expect status 200\n"
    p = play(suite)
    expect(p.returncode == 1, "a failure: exit")
    expect("error[LBE1304]: the backend is `b`\n --> x.test:4:20\n" in p.stderr.replace("  -->", " -->"), f"a failure: {p.stderr}")
    expect("    expect backend a\n  |                    ^ expected\n" in p.stderr, f"its caret: {p.stderr}")
    expect("the backend was chosen at x.cfg:12: use_backend b if { path_beg /b }" in p.stderr, f"its note: {p.stderr}")
    expect("there is no header X-Q" in p.stderr, f"a missing field: {p.stderr}")
    expect("x.test: 2 tests, 1 failed (1 of 3 expectations met)" in p.stdout, f"the sum: {p.stdout}")
    tap = play(suite, "--tap").stdout
    lines = [line for line in tap.splitlines() if not line.startswith("#")]
    expect(lines == ["TAP version 13", "1..2", "not ok 1 - x.test: one", "ok 2 - x.test: two"], f"TAP: {tap}")
    root = xml.fromstring(play(suite.replace("test one", "test \"<&\\\"one>\""), "--junit").stdout)
    cases = root.findall("testsuite/testcase")
    expect([c.get("name") for c in cases] == ["<&\"one>", "two"], "JUnit: names")
    expect([len(c.findall("failure")) for c in cases] == [1, 0] and root[0].get("failures") == "1", "JUnit: failures")


def test_mistakes():
    head = "config x.cfg\ntest t\n"
    for suite, line, what in (
            (head + "    requst http://h/\n", 3, "did you mean `request`?"),
            (head + "    expect status 200\n", 3, "stands behind a request"),
            (head + "    request\n", 3, "something is missing here"),
            (head + "    request GET / HTTP/1.0 more\n", 3, "one word too many"),
            (head + "    request ftp://x/\n", 3, "neither http nor https"),
            (head + "    request GET /x FTP\n", 3, "no version of HTTP"),
            (head + "    from nowhere\n    request /\n", 3, "no IPv4 or IPv6 address"),
            (head + "    request /\n    times 0\n", 4, "no number from 1"),
            (head + "    request /\n    header X\n", 4, "no header field"),
            (head + "    request /\n    expect colour red\n", 4, "nothing called `colour`"),
            (head + "    request /\n    expect bakend b\n", 4, "did you mean `backend`?"),
            (head + "    request /\n    expect header\n", 4, "needs a name"),
            (head + "    request /\n    expect path matches (\n", 4, "no regular expression"),
            (head + "    request /\n    expect no\n", 4, "what is not expected"),
            (head + "    server a/s9 DOWN\n", 3, "has no server `s9`"),
            (head + "    server a/s1 ILL\n", 3, "no state of a server"),
            (head + "    wait soon\n", 3, "no time such as"),
            (head + "    at noon\n", 3, "no time such as"),
            (head + "    request /\n    expect path /\n    at 2001-01-01\n", 5, "time only goes forward"),
            (head + "    request 'open\n", 3, "quote is not closed"),
            (head + "    request /\n    bind nobody\n", 3, "no bind is `nobody`"),
            (head + "config x.cfg\n", 3, "stands before the first test"),
            ("config x.cfg\nrequest /\n", 2, "belongs to a test"),
            ("test t\n    request /\n", 1, "names no configuration"),
            ("config x.cfg\n", 1, "has no test"),
            ("compat 1.0\n" + head, 1, "none of 2.6"),
            ("config missing.cfg\ntest t\n    request /\n", 1, "has errors")):
        p = play(suite)
        expect(p.returncode == 1 and what in p.stderr, f"{suite!r}: {p.returncode} {p.stderr}{p.stdout}")
        expect(f"--> x.test:{line}:" in p.stderr, f"{suite!r}: not at line {line}: {p.stderr}")
    expect(subprocess.run([LBCHECK, "test"], capture_output=True).returncode == 2, "no suite")
    expect(subprocess.run([LBCHECK, "test", "/nowhere"], capture_output=True).returncode == 1, "no such suite")


def test_coverage():
    suite = "config x.cfg\ntest t\n    request http://h/no\n    from 192.0.2.1\n    request http://h/b\n"
    p = play(suite, "--coverage")
    m = re.search(r"coverage: (\d+) % \((\d+) of (\d+) rules held, (\d+) of (\d+) sides of conditions seen\)", p.stdout)
    expect(m and [int(n) for n in m.groups()] == [66, 2, 4, 6, 8], f"coverage: {p.stdout}")
    expect("  x.cfg:9  http-request deny if { path /no } { src 10.0.0.0/8 }\n      never held; { src 10.0.0.0/8 } never true\n"
           in p.stdout, f"what is missing: {p.stdout}")
    expect(play(suite, "--fail-under=66").returncode == 0, "enough")
    p = play(suite, "--fail-under=67")
    expect(p.returncode == 1 and "covers 66 % of its configuration, less than 67 %" in p.stderr, "not enough")
    expect(play(suite, "--fail-under=101").returncode == 2, "no percentage")


for test in (test_samples, test_subjects, test_failures, test_mistakes, test_coverage):
    test()
finish()
