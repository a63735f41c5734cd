#!/usr/bin/env python3
"""What the switches -d... show, list and change: -d, -dC, -dK, -dV, -dt.

usage: switches.py PROGRAM [PATTERN]      as contract.py; `haproxy` passes what 2.6 has
"""
import os
import re
import shutil
import subprocess
import sys

import contract
from contract import PROGRAM, IS_HAPROXY, need, until

NEWER = "HAProxy 2.6 lacks it"
TLS = """
%s
defaults
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen l
    bind 127.0.0.1:1
    server s 127.0.0.1:1 ssl
"""


def test_verify(t):
    """-dV stands for `ssl-server-verify none` above the configuration."""
    t.write("cfg", TLS % "")
    t.write("required", TLS % "global\n    ssl-server-verify required")
    need(t.run("-c", "-f", "cfg")[0] == 1, "without it")
    rc, _, err = t.run("-c", "-dV", "-f", "cfg")
    need(rc == 0, err)
    need(t.run("-c", "-dV", "-f", "required")[0] == 1, "the configuration says something else")


def names_of(program, name):
    """{(class, keyword)} of -dKall."""
    p = subprocess.run([program, "-dKall", "-q", "-c", "-f", name], capture_output=True, text=True, check=False)
    found, kind, section = set(), None, None
    for line in p.stdout.splitlines():
        if line.startswith("# List of registered "):
            kind = line.split()[4]
        elif kind == "configuration" and not line.startswith("\t"):
            section = line
        elif kind == "configuration":
            words = line.strip().replace("<addr> ssl ", "<addr> ").split(" [")[0]
            found.add((section, re.sub(r" \+\S+$", "", words)))
        elif line and not line.startswith("#"):
            found.add((kind, re.split(r"[(:]| \[| =", re.sub(r"^\[[ .Y]*\] ", "", line))[0].strip()))
    return found


# What HAProxy lists by its first word only, or lists by itself though it goes with another, or lbd has no such part.
WITHOUT = re.compile(r"clitimeout|contimeout|srvtimeout|.*\bot-group|opentracing|spoe|fcgi-app|.*send-spoe-group|debug dev .*|"
                     r"mcli-debug-mode|server <name> <addr> no-.*|server <name> <addr> usesrc|bind <addr> no-tls.*")


def test_keywords(t):
    """-dK: every word that HAProxy lists is in the list of the language as lbd knows it."""
    name = t.config()
    rc, out, _ = t.run("-dKhelp", "-q", "-c", "-f", "cfg")
    need(rc == 0 and out.startswith("# List of supported keyword classes:\nall: list all keywords\nacl: ACL keywords\n"), out)
    out = t.run("-dKflt,svc", "-q", "-c", "-f", "cfg")[1]
    need(out.startswith("# List of registered filter names:\n") and out.endswith("# List of registered service names:\nprometheus-exporter\n"), out)
    need(t.run("-dKnone", "-q", "-c", "-f", "cfg") == (0, "", ""), "no such class")
    need(shutil.which("haproxy"), "haproxy is not installed")
    mine, theirs = names_of(PROGRAM, name), names_of("haproxy", name)
    need(len(theirs) > 1000, "only %d names" % len(theirs))
    heads = {(s, w.split()[0]) for s, w in mine}
    heads |= {("crt-list", w.rsplit(" ", 1)[1]) for s, w in mine if w.startswith("bind <addr> ")}  # they are not listed once more
    missing = {(s, w) for s, w in theirs - mine if (s, w) not in heads and not WITHOUT.fullmatch(w)}
    need(not missing, sorted(missing))


def test_places(t):
    """The columns of fetches, the same for the same version of the language."""
    if IS_HAPROXY:
        return "compares with it"
    t.config()

    def rows(program):
        p = subprocess.run([program, "-dKsmp", "-q", "-c", "-f", t.path("cfg")], capture_output=True, text=True, check=False)
        return p.stdout.split("\n[")[0], dict(re.findall(r"^\[ ([.Y ]+) \] ([^(:\n]+)", p.stdout, re.M)[i][::-1] for i in range(p.stdout.count("\n[")))
    (head, mine), (their_head, theirs) = rows(PROGRAM), rows("haproxy")
    need(head == their_head, head)
    wrong = {k: (v, mine.get(k)) for k, v in theirs.items() if mine.get(k) != v}
    need(len(theirs) > 300 and not wrong, wrong)


def test_shown(t):
    """-d: accepts, heads and ends, on standard output."""
    port = contract.free_port(2)
    t.config(proxy="listen be\n    bind 127.0.0.1:%d\n    http-response set-header late x\n    server s 127.0.0.1:%d\n"
                   "listen origin\n    bind 127.0.0.1:%d\n    http-request return status 200 hdr X-Y z" % (port, port + 1, port + 1))
    with open(t.path("shown"), "wb") as shown:
        p = subprocess.Popen([PROGRAM, "-d", "-f", "cfg"], cwd=t.dir, stdin=subprocess.DEVNULL, stdout=shown, stderr=subprocess.DEVNULL)
    t.started.append(p)

    def lines(name):
        with open(t.path("shown"), encoding="utf-8") as f:
            text = re.sub(r"ff+", "none", f.read())
        text = re.sub(r"(?<=[(=\[:])[0-9a-f]{4}(?=[)\] :])", "fd", re.sub(r"127\.0\.0\.1:\d+", "ADDR", text))
        return [x[9:] for x in text.splitlines() if re.match(r"[0-9a-f]{8}:%s\." % name, x)]
    until(lambda: t.ask() == "ok", "answers")
    until(lambda: "fe.closed[fd:none]" in lines("fe"), "it is told")
    need(lines("fe")[:5] == ["fe.accept(fd)=fd from [ADDR] ALPN=<none>", "fe.clireq[fd:none]: GET / HTTP/1.1", "fe.clihdr[fd:none]: host: a",
                             "fe.clicls[fd:none]", "fe.closed[fd:none]"], lines("fe"))
    subprocess.run(["curl", "-s", "http://127.0.0.1:%d/be" % port], check=True, stdout=subprocess.DEVNULL)
    until(lambda: any(x.startswith("be.closed") for x in lines("be")), "the other one as well")
    need("be.srvrep[fd:fd]: HTTP/1.1 200 OK" in lines("be") and "be.srvhdr[fd:fd]: x-y: z" in lines("be"), lines("be"))
    need(not any("late" in x for x in lines("be")), "what rules add comes later")
    need("origin.clireq[fd:none]: GET /be HTTP/1.1" in lines("origin"), lines("origin"))


def test_traces(t):
    """-dt: errors of all sources, or what the list says."""
    if IS_HAPROXY:
        return NEWER
    t.config()
    for args, words in (("-dtnone", "no such trace source 'none'"), ("-dth1:none", "no such trace level 'none'"),
                        ("-dth1:user:none", "no such verbosity 'none'")):
        rc, _, err = t.run(args, "-f", "cfg")
        need(rc == 1 and words in err and "\nSupported " in err, err)
    for args, word in (("-dt", None), ("-dth1:state:clean", "new H1 stream")):
        p = t.serve(args, "-db", "-f", "cfg")
        need(subprocess.run(["curl", "-s", "-X", "B@D", "http://127.0.0.1:%d/" % t.port], stdout=subprocess.DEVNULL, check=False).returncode == 0, "curl")
        p.terminate()
        text = p.communicate(timeout=contract.WAIT)[0].decode()
        need("|h1|0|" in text and "rejected H1 request" in text, text)
        need((word or "new H1 stream") in text if word else "new H1 stream" not in text, text)


def test_lines(t):
    """-dC: what it shows can be read again; with a key names and addresses are not told."""
    if IS_HAPROXY:
        return NEWER
    env = dict(os.environ, NAME="two words")
    t.config(extra="    description \"it's ${NAME}\" # comment\n    setenv SECRET hidden", proxy="backend secretive\n    server quiet 192.0.2.1:80 check")
    rc, out, _ = t.run("-dC", "-q", "-c", "-f", "cfg", env=env)
    need(rc == 0 and out.startswith("global\n\tdescription \"it's two words\"\n\tsetenv SECRET hidden\n\ndefaults\n\tmode http\n"), out)
    t.write("again", out)
    need(t.run("-dC", "-q", "-c", "-f", "again") == (0, out, ""), "again")
    rc, out, _ = t.run("-dC123", "-q", "-c", "-f", "cfg", env=env)
    need(rc == 0 and "\tsetenv [...]\n" in out and re.search(r"\tserver [0-9a-f]{6} [0-9a-f]{6} check\n", out), out)
    need(not re.search("two|hidden|secretive|quiet|192", out), out)
    need(t.run("-dC124", "-q", "-c", "-f", "cfg", env=env)[1] != out, "another key")


if __name__ == "__main__":
    sys.exit(contract.main(globals(), "switches"))
