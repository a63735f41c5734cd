#!/usr/bin/env python3
"""Views of a configuration: dump, fmt, diff and explain. Properties over every configuration of the tests: laying out
keeps words, comments and meaning, and doing it twice changes nothing; the effective form means the same as what it was
made of; nothing differs from itself."""
import glob
import json
import os
import re
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import SOURCE, expect, finish, run  # noqa: E402

OFF = "--offline"


def texts():
    for pattern in ("samples/*.cfg", "tests/golden/*/*.cfg", os.environ.get("MORE_CONFIGURATIONS", "")):
        for path in sorted(glob.glob(os.path.join(SOURCE, pattern)) if pattern else ()):
            with open(path, "rb") as f:
                raw = f.read()
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                continue
            if "\r" not in text and "\0" not in text:
                yield os.path.basename(path), text


def words(text):
    """Words and comments, without where they stand."""
    p = run("dump", "--tree", "--json", OFF, "x.cfg", x=text)
    tree = json.loads(p.stdout)
    return [[(w["text"] if not re.search(r"\.LINE", text) else "") for w in line["words"]] + [line["comment"]]
            for s in tree["sections"] for line in ([s["header"]] if s["header"] else []) + s["lines"]]


def comments(text):
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


def test_fmt():
    n = 0
    for name, text in texts():
        n += 1
        once = run("fmt", "x.cfg", x=text).after["x"]
        expect(run("fmt", "x.cfg", x=once).after["x"] == once, f"{name}: laying out twice changes it again")
        expect(run("fmt", "--check", "x.cfg", x=once).returncode == 0, f"{name}: --check of a tidy file")
        expect(run("fmt", "--check", "x.cfg", x=text).returncode == (once != text), f"{name}: --check")
        expect(words(once) == words(text), f"{name}: laying out changes words")
        expect(comments(once) == comments(text), f"{name}: laying out changes comments")
        if text.endswith("\n"):
            models = [run("dump", "--model", OFF, "x.cfg", x=t).stdout for t in (text, once)]
            expect(models[0] == models[1], f"{name}: laying out changes the meaning")
    expect(n > 60, "too few configurations")


def test_fmt_layout():
    untidy = "global\n  maxconn   1000 # many\nfrontend  f\n\tbind :80\n\n\n# about b\n    # more\nbackend b\nserver s  \"a b\"\\ c \\\n.if 1\n  mode   http\n.endif"
    tidy = "global\n    maxconn 1000 # many\n\nfrontend f\n    bind :80\n\n# about b\n    # more\nbackend b\n    server s \"a b\"\\ c \\\n.if 1\n    mode http\n.endif\n"
    expect(run("fmt", "x.cfg", x=untidy).after["x"] == tidy, "the layout")
    p = run("fmt", "--diff", "x.cfg", x=untidy)
    expect(p.returncode == 1 and "-  maxconn   1000 # many" in p.stdout and "+    maxconn 1000 # many" in p.stdout, "fmt --diff")
    expect(p.after["x"] == untidy, "fmt --diff changes the file")
    p = run("fmt", "--check", "x.cfg", "y.cfg", x=untidy, y=tidy)
    expect(p.stdout == "x.cfg\n" and p.returncode == 1, "fmt --check names the files")
    strange = "global\n  maxconn 'x\n"
    expect(run("fmt", "x.cfg", x=strange).after["x"] == strange, "a line with an open quote stays")
    expect(run("fmt", "nowhere.cfg").returncode == 1, "fmt of a file that is not there")


def test_effective():
    n = 0
    for name, text in texts():
        p = run("dump", "--model", OFF, "--compat=2.6", "x.cfg", x=text)
        if p.returncode or "$" in text or re.search(r"^\.", text, re.M):
            continue
        effective = run("dump", "--effective", OFF, "--compat=2.6", "x.cfg", x=text).stdout
        again = run("dump", "--model", OFF, "--compat=2.6", "x.cfg", x=effective)
        expect(again.stdout == p.stdout, f"{name}: the effective form means something else")
        n += 1
    expect(n > 5, f"too few valid configurations: {n}")


SHOP = """global
    maxconn 1000
defaults base
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    retries 2
    default-server inter 3s check
frontend web
    bind :8080
    acl is_api path_beg /api
    http-request deny if { path /x }
    http-request set-header X-A b if is_api
    use_backend shop if is_api
    timeout client 10s
    default_backend shop
backend shop
    balance roundrobin
    server s1 10.0.0.1:8000 weight 5 inter 1s
    server s2 10.0.0.2:8000
"""


def test_dump():
    p = run("dump", "--effective", "--json", OFF, "x.cfg", x=SHOP)
    sections = {s["name"] or s["section"]: s for s in json.loads(p.stdout)["sections"]}
    values = {s["key"]: s for s in sections["web"]["settings"]}
    expect(values["timeout client"]["value"] == "10s" and values["timeout client"]["origin"] == "own" and
           values["timeout client"]["line"] == 16, "effective: a value of its own")
    expect(values["mode"]["origin"] == "defaults" and values["mode"]["line"] == 4, "effective: a value of the defaults")
    expect("timeout server" not in values, "effective: what is for the other side")
    expect({s["key"]: s for s in sections["shop"]["settings"]}["http-reuse"]["origin"] == "built-in", "effective: built in")
    model = json.loads(run("dump", "--model", "--json", OFF, "x.cfg", x=SHOP).stdout)
    shop = [p for p in model["proxies"] if p["name"] == "shop"][0]
    expect(shop["settings"]["timeout connect"] == 5000 and shop["settings"]["retries"] == 2, "model: values")
    expect([(s["name"], s["address"], s["settings"].get("inter")) for s in shop["servers"]] ==
           [("s1", "10.0.0.1:8000", 1000), ("s2", "10.0.0.2:8000", 3000)], "model: servers")
    expect(model["proxies"][0]["default_backend"] == "shop" and model["global"]["settings"]["maxconn"] == 1000, "model: names")
    tree = json.loads(run("dump", "--tree", "--json", OFF, "x.cfg", x=SHOP).stdout)
    expect([s["kind"] for s in tree["sections"]] == ["global", "defaults", "frontend", "backend"], "tree: sections")
    expect(tree["sections"][0]["lines"][0]["words"][1] == {"text": "1000", "column": 13, "length": 4}, "tree: words")
    for name, text in texts():
        for view in ("--tree", "--effective"):
            json.loads(run("dump", view, "--json", OFF, "x.cfg", x=text).stdout)


def test_diff():
    expect(run("diff", OFF, "a.cfg", "b.cfg", a=SHOP, b=SHOP).returncode == 0, "diff: nothing differs")
    tidy = run("diff", OFF, "a.cfg", "b.cfg", a=SHOP, b=SHOP.replace("    ", "\t").replace("\nbackend shop\n", "\n\n\nbackend shop\n"))
    expect(tidy.returncode == 0 and tidy.stdout == "", "diff: layout is no difference")
    new = SHOP.replace("timeout server 30s", "timeout server 60s").replace("weight 5", "weight 7").replace("    retries 2\n", "")
    new = new.replace("    http-request deny if { path /x }\n", "") + "    server s3 10.0.0.3:8000\nlisten extra\n    bind :9\n"
    p = run("diff", OFF, "a.cfg", "b.cfg", a=SHOP, b=new)
    expect(p.returncode == 1, "diff: exit")
    for line in ("backend shop:", "  - timeout server 30s    # a.cfg:7 defaults", "  + timeout server 60s    # b.cfg:7 defaults",
                 "  - retries 2    # a.cfg:8 defaults", "  + retries 3    # built in", "+ listen extra    # b.cfg:21, 6 lines",
                 "  - http-request deny if { path /x }    # a.cfg:13", "  + server s3 10.0.0.3:8000    # b.cfg:20",
                 "  - server s1 10.0.0.1:8000 weight 5 inter 1s    # a.cfg:20"):
        expect(line in p.stdout.splitlines(), f"diff: {line!r} in\n{p.stdout}")
    expect("mode" not in p.stdout and "s2" not in p.stdout, "diff: what is the same")
    changes = json.loads(run("diff", "--json", OFF, "a.cfg", "b.cfg", a=SHOP, b=new).stdout)["differences"]
    one = [c for c in changes if c["key"] == "timeout server"][0]
    expect(one["before"] == {"value": "30s", "at": "a.cfg:7"} and one["after"]["value"] == "60s" and one["name"] == "shop", "diff: json")
    swapped = SHOP.replace("    http-request deny if { path /x }\n    http-request set-header X-A b if is_api\n",
                           "    http-request set-header X-A b if is_api\n    http-request deny if { path /x }\n")
    expect(run("diff", OFF, "a.cfg", "b.cfg", a=SHOP, b=swapped).returncode == 1, "diff: another order of rules")
    expect(run("diff", "a.cfg").returncode == 2, "diff: one file")
    expect(run("diff", OFF, "a.cfg", "b.cfg", a=SHOP, b="nonsense\n").returncode == 2, "diff: a file with errors")


def explained(line):
    p = run("explain", OFF, f"x.cfg:{line}", x=SHOP)
    return p.stdout


def test_explain():
    for line, says in ((16, "replaces  x.cfg:6  timeout client 30s"), (6, "not for   x.cfg:16  timeout client 10s"),
                       (5, "holds for x.cfg:18  backend shop"), (12, "used by   x.cfg:14"), (14, "uses      x.cfg:12"),
                       (14, "rule 2 of 2"), (14, "after     x.cfg:13"), (17, "goes to   x.cfg:18"), (18, "inherits  x.cfg:3"),
                       (20, "inter 1s                     x.cfg:20\n"), (21, "check                        x.cfg:9  default-server"),
                       (21, "rise                         built in: 2"), (3, "gives to  x.cfg:10")):
        expect(says in explained(line), f"explain line {line}: {says!r} in\n{explained(line)}")
    expect(run("explain", "x.cfg:99", x=SHOP).returncode == 1, "explain: no such line")
    for name, says in (("LBE0211", "This gets it:"), ("211", "no-such-backend"), ("no-such-backend", "0211"), ("timeout client", "allowed   defaults, frontend, listen"),
                       ("httpchk", "option httpchk"), ("set-header", "An action"), ("path_beg", "compared with `-m beg`"),
                       ("lower", "A converter"), ("src", "A sample fetch"), ("%ci", "In log formats"), ("weight", "values    0 to 256")):
        expect(says in run("explain", name).stdout, f"explain {name}: {says!r}")
    p = run("explain", "timeout", "clinet")
    expect(p.returncode == 1 and "did you mean `timeout client`" in p.stderr, "explain: a misspelt keyword")
    expect("without effect" not in run("features").stderr, "features")


ORDER = """defaults
    mode http
    timeout client 1s
    timeout server 1s
    timeout connect 1s
frontend web
    bind :8080
    default_backend web
    http-response set-header X-A b
    use_backend web if { path /x }
    redirect scheme https if { path /s }
    http-request deny if { path /d }
    http-request set-header X-B c
    tcp-request connection reject if { src 192.0.2.1 }
backend web
    server s1 127.0.0.1:80
    stick on src
    use-server s1 if { path /z }
    stick-table type ip size 10
backend raw
    mode tcp
    server s2 127.0.0.1:80
    tcp-request content accept
"""


def test_order():
    p = run("order", OFF, "--compat=2.6", "web", "x.cfg", x=ORDER)
    expect(p.returncode == 0, "order: status")
    lines = [int(n) for n in re.findall(r"^    x\.cfg:(\d+)  ", p.stdout, re.M)]
    expect(lines == [7, 14, 12, 13, 11, 10, 8, 9, 18, 17, 16], f"order: {lines}")
    expect("  request: redirect\n    x.cfg:11  redirect scheme https if { path /s }\n" in p.stdout, "order: a phase")
    p = run("order", OFF, "--compat=2.6", "raw", "x.cfg", x=ORDER)
    expect([int(n) for n in re.findall(r":(\d+)  ", p.stdout)] == [23, 22], "order: mode tcp")
    p = run("order", OFF, "--compat=2.6", "raw", "x.cfg", x=ORDER + "    cookie A insert\n")
    expect(p.returncode == 0 and p.stdout.endswith("(never met: mode tcp)\n    x.cfg:24  cookie A insert\n"), "order: never met")
    expect(run("order", OFF, "--compat=2.6", "nobody", "x.cfg", x=ORDER).returncode == 1, "order: no such proxy")
    expect(run("order", "web").returncode == 2, "order: no file")
    expect(run("order", OFF, "--compat=2.6", "web", "x.cfg", x=ORDER + "nonsense\n").returncode == 1, "order: errors")


def test_program():
    p = run("dump", "--program", OFF, "--compat=2.6", "x.cfg", x=ORDER)
    expect("proxy web\n  tcp-request connection: 1 rule, walked one after the other\n    x.cfg:14  " in p.stdout, f"program: short lists: {p.stdout}{p.stderr}")
    many = "".join(f"    use_backend web if {{ hdr(host) -i s{i}.example.com }}\n" for i in range(500))
    p = run("dump", "--program", OFF, "--compat=2.6", "x.cfg", x=ORDER.replace("backend web\n    server", "frontend many\n    bind :81\n" + many + "backend web\n    server"))
    expect(p.returncode == 0 and "  use_backend: 500 rules, looked up\n    by exact text of " in p.stdout, f"program: a long list: {p.stdout[-900:]}")
    expect(run("dump", "--program", OFF, "x.cfg", x="nonsense\n").returncode == 1, "program: errors")


for test in (test_fmt, test_fmt_layout, test_effective, test_dump, test_diff, test_explain, test_order, test_program):
    test()
finish()
