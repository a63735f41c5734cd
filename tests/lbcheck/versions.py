#!/usr/bin/env python3
"""--compat decides what is an error. Every keyword whose row has a first or last version is refused, with a code that says so,
by the versions outside and by no other one; and what is said of some differences that people meet. lbd judges by the same
switch. The rows are read from their source (tests/differential/registry.py)."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lbcheck import LBCHECK, SOURCE, expect, finish, run  # noqa: E402

sys.path.insert(0, os.path.join(SOURCE, "tests", "differential"))
sys.dont_write_bytecode = True
import registry  # noqa: E402

VERSIONS = {"2.6": 206, "2.8": 208, "3.0": 300, "3.2": 302, "3.4": 304}
OUTSIDE = {"not-in-this-version", "newer-section", "removed", "experimental"}
PLACES = ("global", "frontend", "backend")
SHARED = "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\nfrontend a\n bind :80\n default_backend a\nbackend a\n server s 192.0.2.1:80\n"


def rows_with_versions():
    """One row for each name and place; a name with several rows is left to the golden files."""
    by_place = {place: {} for place in PLACES}
    for k in registry.keywords():
        for place in PLACES:
            if place in k.places:
                by_place[place].setdefault(k.name, []).append(k)
    return {place: [ks[0] for ks in rows.values() if len(ks) == 1 and (ks[0].since > 206 or ks[0].until)
                    and not {"KW_REMOVED", "KW_EXPERIMENTAL"} & set(ks[0].flags.replace("|", " ").split())]
            for place, rows in by_place.items()}


def refused_lines(text, compat):
    """Numbers of the lines that are refused because of the version."""
    p = run("--format=json", "--offline", "--max-errors=0", f"--compat={compat}", "f.cfg", f=text)
    lines = set()
    for entry in map(json.loads, p.stdout.splitlines()):
        if entry.get("code") and entry["code"]["name"] in OUTSIDE:
            lines.add([span for span in entry["spans"] if span["is_primary"]][0]["line_start"])
    return lines


def all_rows():
    text, at = [], {}
    for place, rows in rows_with_versions().items():
        text.append(place if place == "global" else f"{place} x{place}")
        for k in rows:
            text.append(" " + (k.example.split("\\n")[0].strip() or k.name))
            at[len(text)] = k
    expect(len(at) > 100, f"only {len(at)} rows have versions")
    for compat, number in VERSIONS.items():
        lines = refused_lines("\n".join(text) + "\n", compat)
        for line, k in at.items():
            known = k.since <= number and (not k.until or number < k.until)
            expect((line in lines) != known, f"{compat}: `{k.name}` ({k.since} to {k.until}) is {'refused' if known else 'taken'}: {text[line - 1]}")


def messages():
    for compat in VERSIONS:
        p = run(f"--compat={compat}", "--offline", "f.cfg", f=SHARED)
        expect(p.returncode == (compat == "3.4"), f"shared name, {compat}: exit {p.returncode}")
    p = run("--offline", "f.cfg", f=SHARED)
    expect("accepted until 3.2" in p.stderr, f"shared name: {p.stderr}")
    p = run("--compat=2.6", "--offline", "f.cfg", f="crt-store s\n")
    expect("3.0" in p.stderr and p.returncode == 1, f"crt-store: {p.stderr}")
    p = run("--compat=3.1", "f.cfg", f=SHARED)
    expect(p.returncode == 2, f"an unknown version: exit {p.returncode}, {p.stderr}")


def switch_of_lbd():
    """The same in lbd: by its switch, by the environment; 2.6 without either."""
    lbd = os.path.join(os.path.dirname(LBCHECK), "lbd")
    env = {k: v for k, v in os.environ.items() if k != "LBD_COMPAT"}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.cfg")
        with open(path, "w", encoding="utf-8") as f:
            f.write(SHARED)
        for more, words, status in (({}, [], 0), ({}, ["--compat=3.4"], 1), ({"LBD_COMPAT": "3.4"}, [], 1), ({"LBD_COMPAT": "3.2"}, [], 0),
                                    ({"LBD_COMPAT": "3.4"}, ["--compat=2.6"], 0)):
            p = subprocess.run([lbd, *words, "-c", "-f", path], env={**env, **more}, capture_output=True, text=True, timeout=60)
            expect(p.returncode == status, f"lbd {words} {more}: exit {p.returncode}: {p.stderr}")


def main():
    all_rows()
    messages()
    switch_of_lbd()
    finish()


main()
