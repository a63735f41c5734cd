#!/usr/bin/env python3
"""The forms of lbcheck's output, its classes of warnings, and comments that allow a finding. SARIF is held against the
parts of the 2.1.0 schema that we use: which properties an object may and must have, and their types."""
import json
import re
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import SOURCE, expect, finish, run  # noqa: E402

BROKEN = """defaults
    mode http
    timeout connect 5
    timeout client 30s
    timeout server 30s
frontend web
    bind :8080
    description "h\u00e9llo" x, 50%: y
    default_backend shop
backend shopp
    balence roundrobin
    server s1 10.0.0.1:8000 check
    server s1 10.0.0.2:8000 check
"""

# Objects of SARIF 2.1.0 (sections 3.13 to 3.55 of the standard): required, then optional properties. No others may occur.
TEXT, NUMBER, ANY = str, int, object
SHAPES = {
    "log": ({"version": TEXT, "runs": ["run"]}, {"$schema": TEXT}),
    "run": ({"tool": "tool"}, {"results": ["result"], "columnKind": TEXT}),
    "tool": ({"driver": "component"}, {}),
    "component": ({"name": TEXT}, {"version": TEXT, "rules": ["rule"]}),
    "rule": ({"id": TEXT}, {"name": TEXT, "shortDescription": "multi", "fullDescription": "multi", "help": "multi",
                            "defaultConfiguration": "configuration", "properties": ANY}),
    "multi": ({"text": TEXT}, {"markdown": TEXT}),
    "configuration": ({}, {"level": TEXT}),
    "result": ({"message": "message"}, {"ruleId": TEXT, "ruleIndex": NUMBER, "level": TEXT, "locations": ["location"],
                                       "relatedLocations": ["location"], "fixes": ["fix"], "properties": ANY}),
    "message": ({"text": TEXT}, {}),
    "location": ({}, {"physicalLocation": "physical", "message": "message"}),
    "physical": ({"artifactLocation": "artifact"}, {"region": "region"}),
    "artifact": ({"uri": TEXT}, {}),
    "region": ({}, dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn", "byteOffset", "byteLength"), NUMBER)),
    "fix": ({"artifactChanges": ["change"]}, {"description": "message"}),
    "change": ({"artifactLocation": "artifact", "replacements": ["replacement"]}, {}),
    "replacement": ({"deletedRegion": "region"}, {"insertedContent": "content"}),
    "content": ({}, {"text": TEXT}),
}
FILLED = ("runs", "artifactChanges", "replacements")  # minItems 1


def shape(value, kind, path):
    if isinstance(kind, list):
        expect(isinstance(value, list), f"{path}: no array")
        for i, item in enumerate(value):
            shape(item, kind[0], f"{path}[{i}]")
    elif isinstance(kind, str):
        required, optional = SHAPES[kind]
        expect(isinstance(value, dict), f"{path}: no object")
        for name in required:
            expect(name in value, f"{path}: lacks {name}")
        for name, item in value.items():
            known = {**required, **optional}.get(name)
            expect(known is not None, f"{path}: {name} is no property of a {kind}")
            expect(name not in FILLED or item, f"{path}.{name}: empty")
            if known is not None:
                shape(item, known, f"{path}.{name}")
    else:
        expect(isinstance(value, kind), f"{path}: wrong type")


def region_is_sound(region, text):
    lines = text.split("\n")
    covered = text.encode()[region["byteOffset"]:region["byteOffset"] + region["byteLength"]].decode()
    if region["startLine"] == region["endLine"]:
        expect(lines[region["startLine"] - 1][region["startColumn"] - 1:region["endColumn"] - 1] == covered,
               f"sarif: columns and bytes of {region} differ")


def test_sarif():
    p = run("--offline", "--format=sarif", "a b.cfg", "-Wpedantic", **{"a b": BROKEN})
    log = json.loads(p.stdout)
    expect(p.returncode == 1 and p.stderr == "", "sarif: exit and standard error")
    shape(log, "log", "log")
    expect(log["version"] == "2.1.0", "sarif: version")
    only = log["runs"][0]
    rules = only["tool"]["driver"]["rules"]
    expect(len({r["id"] for r in rules}) == len(rules) >= 4, "sarif: rules are not unique")
    expect(any(r.get("fixes") for r in only["results"]) and any(r["relatedLocations"] for r in only["results"]),
           "sarif: no fix or no related place")
    for result in only["results"]:
        expect(rules[result["ruleIndex"]]["id"] == result["ruleId"], "sarif: index and id of a rule differ")
        expect(result["level"] in ("error", "warning", "note"), "sarif: level")
        for location in result["locations"] + result["relatedLocations"]:
            expect(location["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.cfg", "sarif: uri")
            region_is_sound(location["physicalLocation"]["region"], BROKEN)
    clean = json.loads(run("--format=sarif", "x.cfg", x="global\n    maxconn 10\n").stdout)
    shape(clean, "log", "clean log")
    expect(clean["runs"][0]["results"] == [] or all(r["level"] != "error" for r in clean["runs"][0]["results"]),
           "sarif: errors in a clean file")


def test_lines():
    p = run("--offline", "--format=gcc", "x.cfg", x=BROKEN)
    lines = p.stderr.splitlines()
    for line in lines:
        expect(re.fullmatch(r"x\.cfg:\d+:\d+: (error|warning|note): .+", line), f"gcc: {line}")
    expect("x.cfg:9:21: error: no backend is named `shop` [LBE0211 no-such-backend]" in lines, "gcc: the error")
    expect("x.cfg:10:9: note: a backend with a similar name is defined here" in lines, "gcc: the label")
    p = run("--offline", "--format=github", "x,y.cfg", **{"x,y": BROKEN})
    for line in p.stdout.splitlines():
        expect(re.fullmatch(r"::(error|warning|notice) file=x%2Cy\.cfg,line=\d+,endLine=\d+,col=\d+,endColumn=\d+,"
                            r"title=LB[EWN]\d{4} [a-z0-9-]+::[^\n]+", line), f"github: {line}")
    expect("line=9,endLine=9,col=21,endColumn=25,title=LBE0211" in p.stdout and p.returncode == 1, "github: the error")
    p = run("--offline", "--format=json", "x.cfg", x=BROKEN)
    items = [json.loads(line) for line in p.stdout.splitlines()]
    expect({i["code"]["code"] for i in items} >= {"LBE0211", "LBE0118", "LBE0202", "LBW0311"}, "json: codes")
    p = run("--offline", "--format=haproxy", "x.cfg", x=BROKEN)
    expect(re.search(r"^\[ALERT\]    \(\d+\) : config : parsing \[x.cfg:11\] : unknown keyword 'balence'", p.stderr, re.M),
           "haproxy: the error")


def codes(*args, text):
    """What is found, as codes by line."""
    p = run("--offline", "--format=gcc", *args, "x.cfg", x=text)
    return p.returncode, re.findall(r"^x\.cfg:(\d+):\d+: \w+: .*\[(\w+) [a-z0-9-]+\]$", p.stderr, re.M)


SMALL = "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n    timeout queue 5{}\n"


def test_classes():
    text = SMALL.format("\nfrontend f\n    bind :80\n    acl a path_reg ^/a#foo\n    use_backend b if a\nbackend b")
    expect(("6", "LBW0311") in codes(text=text)[1], "a warning of class language is on")
    status, found = codes("-Wno-language", text=text)
    expect(status == 0 and not any(c == "LBW0311" for _, c in found), "-Wno-CLASS")
    expect(codes("-Werror", text=text)[0] == 1, "-Werror")
    expect(codes("-Werror=language", text=text)[0] == 1, "-Werror=CLASS")
    expect(codes("-Werror=environment", text=text)[0] == 0, "-Werror of another class")
    expect(("9", "LBW0026") not in codes(text=text)[1], "pedantic is off")
    expect(("9", "LBW0026") in codes("-Wpedantic", text=text)[1], "-Wpedantic")
    expect(run("-Wnonsense", "x.cfg", x=text).returncode == 2, "a class that is none")
    expect(codes("-Wno-language", text="frontend f\n    bnid :80\n")[0] == 1, "errors cannot be switched off")


def test_allowances():
    for name in ("small-time", "LBW0311", "311", "no-bind, small-time"):
        found = codes(text=SMALL.format(f" # lbcheck: allow({name}) so be it"))[1]
        expect(("6", "LBW0311") not in found, f"allow({name})")
        expect((("6", "LBW0040") in found) == ("," in name), f"allow({name}): unused ones")
    above = "    # lbcheck: allow(small-time) reason\n    # more to say\n\n    timeout queue 5\n"
    body = SMALL[:SMALL.index("    timeout queue")]
    expect(not [c for c in codes(text=body + above)[1] if c[1] in ("LBW0311", "LBW0040")], "a comment on a line above")
    found = codes(text=body + above + "    timeout check 5\n")[1]
    expect(("10", "LBW0311") in found, "an allowance is for one line")
    expect(("6", "LBW0041") in codes(text=SMALL.format(" # lbcheck: allow(small-tim)"))[1], "a name that is none")
    expect(("6", "LBW0311") in codes(text=SMALL.format(" # see lbcheck: allow(small-time)"))[1], "prose allows nothing")
    expect(("6", "LBW0311") in codes(text=SMALL.format(' "# lbcheck: allow(small-time)"'))[1] or
           codes(text=SMALL.format(' "# lbcheck: allow(small-time)"'))[0] == 1, "quoted text allows nothing")
    status, found = codes(text="frontend f\n    bnid :80 # lbcheck: allow(unknown-keyword)\n")
    expect(status == 1 and ("2", "LBW0040") in found, "an error cannot be allowed")
    expect(codes("-Werror", text=SMALL.format(" # lbcheck: allow(no-bind) x"))[0] == 1, "-Werror and unused allowances")
    quiet = codes("-Wno-suspicious", text=SMALL.format(" # lbcheck: allow(no-bind) x"))[1]
    expect(("6", "LBW0040") not in quiet, "unused allowances belong to a class")
    found = codes(text=".if defined(NOT_THERE)\n" + SMALL.format(" # lbcheck: allow(no-bind) x") + ".endif\nglobal\n")[1]
    expect(not [c for c in found if c[1] == "LBW0040"], "a branch that is not taken is not judged")


def test_limit():
    text = "frontend f\n    bind :80\n" + "    nonsense x\n" * 80
    p = run("--offline", "x.cfg", x=text)
    expect(p.stderr.count("error[LBE0118]") == 50 and "... and 30 more" in p.stderr, "the first fifty")
    p = run("--offline", "--max-errors=0", "x.cfg", x=text)
    expect(p.stderr.count("error[LBE0118]") == 80, "--max-errors=0")
    expect(SOURCE, "")


for test in (test_sarif, test_lines, test_classes, test_allowances, test_limit):
    test()
finish()
