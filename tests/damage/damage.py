#!/usr/bin/env python3
"""Every sample with any one line damaged ends in a diagnostic at that line, or at least in an orderly end.

usage: damage.py LBCHECK [FILE...]    (default: the samples that are valid as they are)

Damages whose line must be told: a keyword with letters too many, a quote that is not closed. Damages that must only
not crash: a word too many, the last word gone, the line gone, the line twice, bytes changed. Prints TAP.
"""
import glob
import json
import os
import random
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def misspelt(line):
    words = line.split()
    return line.replace(words[0], words[0] + "zq", 1)


def scrambled(line, dice):
    data = list(line)
    for _ in range(3):
        data[dice.randrange(len(data))] = dice.choice("\"'\\#{}%[](),:;$!-/ \tzq0\x01\xff")
    return "".join(data)


# name: (function of the line, does the diagnostic have to name the line)
DAMAGES = {
    "misspelt": (lambda line, dice: misspelt(line), True),
    "quote not closed": (lambda line, dice: line + ' "open', True),
    "word too many": (lambda line, dice: line + " zqzq", False),
    "last word gone": (lambda line, dice: " ".join(line.split()[:-1]), False),
    "gone": (lambda line, dice: "", False),
    "twice": (lambda line, dice: line + "\n" + line, False),
    "scrambled": (scrambled, False),
}


def check(lbcheck, path):
    """(exit status, lines that diagnostics point to)."""
    done = subprocess.run([lbcheck, "--format=json", path], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    lines = set()
    for text in (done.stdout + done.stderr).decode(errors="replace").split("\n"):
        if text.startswith("{"):
            for span in json.loads(text).get("spans", []):
                lines.update(range(span["line_start"], span["line_end"] + 1))
    return done.returncode, lines


def damage_sample(lbcheck, sample, folder):
    """Complaints about one sample, and how many damages were tried."""
    with open(sample, encoding="latin-1") as f:
        lines = f.read().split("\n")
    dice, complaints, tried = random.Random(os.path.basename(sample)), [], 0
    path = os.path.join(folder, "damaged.cfg")
    for i, line in enumerate(lines):
        code = line.split("#")[0].rstrip()
        if not code.strip():
            continue
        for name, (damage, told) in DAMAGES.items():
            with open(path, "w", encoding="latin-1") as f:
                f.write("\n".join(lines[:i] + [damage(code, dice)] + lines[i + 1:]))
            status, where = check(lbcheck, path)
            tried += 1
            if status not in (0, 1):
                complaints.append(f"line {i + 1} {name}: exit status {status}")
            elif told and (status != 1 or i + 1 not in where):
                complaints.append(f"line {i + 1} {name}: status {status}, told lines {sorted(where)}")
    return complaints, tried


def valid(lbcheck, path):
    return check(lbcheck, path)[0] == 0


def main():
    lbcheck = sys.argv[1]
    samples = sys.argv[2:] or [s for s in sorted(glob.glob(os.path.join(TOP, "samples", "*.cfg"))) if valid(lbcheck, s)]
    failed = not samples
    if failed:
        print("not ok - no sample is valid")
    with tempfile.TemporaryDirectory(prefix="lbd-damage.") as folder:
        for sample in samples:
            complaints, tried = damage_sample(lbcheck, sample, folder)
            print("not ok -" if complaints else "ok -", f"{os.path.basename(sample)} damaged in {tried} ways")
            for complaint in complaints[:20]:
                print("#", complaint)
            failed = failed or bool(complaints)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
